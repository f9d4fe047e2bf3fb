import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Kills the process at the other end of a connection to this one: a function in the middle of its work. Linux only. */
export function killCaller(port: number): void {
  const inode = inodeOf(port);
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && holds(name, inode));
  if (pid === undefined) throw new Error(`no process holds the connection from port ${port}`);
  process.kill(Number(pid), 'SIGKILL');
}

/** The socket whose local port this is. */
function inodeOf(port: number): string {
  const local = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(`:${local}`) && columns[9] !== undefined && columns[9] !== '0') return columns[9];
    }
  throw new Error(`nobody is connected from port ${port}`);
}

function holds(pid: string, inode: string): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false; // it has ended, or is somebody else's
  }
}
