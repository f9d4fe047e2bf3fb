import { spawn } from 'node:child_process';

/** Opens a file with the desktop's default program. Returns `false` if no program could be started. */
export async function openFile(path: string, platform: NodeJS.Platform = process.platform): Promise<boolean> {
  const [command = '', ...args] = openers[platform] ?? ['xdg-open'];
  return await new Promise((resolve) => {
    const opener = spawn(command, [...args, path], { stdio: 'ignore', detached: true });
    opener.once('error', () => resolve(false));
    opener.once('spawn', () => {
      opener.unref();
      resolve(true);
    });
  });
}

const openers: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  // Explorer uses a path unchanged; `cmd /c start` would interpret its special characters.
  win32: ['explorer.exe'],
};
