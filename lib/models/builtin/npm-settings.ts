import { env } from 'node:process';

/** Settings of npm by the names that pacote takes: registry, credentials, proxy, certificates … */
export type NpmSettings = Readonly<Record<string, unknown>>;

/** How npm is set up for this user in this folder: .npmrc of the project, of the user and of the machine, and npm_config_… variables. */
export async function readNpmSettings(folder = process.cwd(), variables: Readonly<NodeJS.ProcessEnv> = env): Promise<NpmSettings> {
  const { default: Config } = await import('@npmcli/config');
  const { default: known } = await import('@npmcli/config/lib/definitions/index.js');
  // A copy of the environment, as the reader writes into it. No npm of its own whose folder could hold settings.
  const config = new Config({ ...known, npmPath: '/', argv: [], cwd: folder, env: { ...variables } });
  await config.load();
  return config.flat;
}
