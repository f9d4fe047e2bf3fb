import { env } from 'node:process';

/** Settings of npm by their names in pacote: registry, credentials, proxy, certificates … */
export type NpmSettings = Readonly<Record<string, unknown>>;

/** Reads the npm settings of this user in this folder: .npmrc of the project, the user and the machine, and npm_config_… variables. */
export async function readNpmSettings(folder = process.cwd(), variables: Readonly<NodeJS.ProcessEnv> = env): Promise<NpmSettings> {
  const { default: Config } = await import('@npmcli/config');
  const { default: known } = await import('@npmcli/config/lib/definitions/index.js');
  // A copy of the environment, because the reader writes into it. `/` as npm's folder holds no settings.
  const config = new Config({ ...known, npmPath: '/', argv: [], cwd: folder, env: { ...variables } });
  await config.load();
  return config.flat;
}
