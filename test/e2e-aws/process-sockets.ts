import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Linux only: sockets as `/proc` lists them. */
interface Socket {
  /** `7F000001:1F90`, hexadecimal as the kernel writes it. */
  readonly local: string;
  readonly isListening: boolean;
  readonly inode: string;
}

/** Kills the process at the other end of a connection to this one: a function in the middle of its work. */
export function killCaller(port: number): void {
  const local = `:${hex(port)}`;
  const socket = sockets().find((each) => each.local.endsWith(local) && !each.isListening && each.inode !== '0');
  const pid = socket && readdirSync('/proc').find((name) => /^\d+$/.test(name) && inodesOf(name).has(socket.inode));
  if (pid === undefined) throw new Error(`no process holds a connection from port ${port}`);
  process.kill(Number(pid), 'SIGKILL');
}

/** Where a process waits for connections, `address:port` as the kernel writes it. */
export function listensAt(pid: number): string[] {
  const inodes = inodesOf(String(pid));
  return sockets()
    .filter(({ isListening, inode }) => isListening && inodes.has(inode))
    .map(({ local }) => local);
}

export const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');

function sockets(): Socket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((table) => readFileSync(table, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .map((columns) => ({ local: columns[1] ?? '', isListening: columns[3] === '0A', inode: columns[9] ?? '0' }));
}

function inodesOf(pid: string): Set<string> {
  try {
    const folder = `/proc/${pid}/fd`;
    const targets = readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
    return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
  } catch {
    return new Set(); // it has ended, or is somebody else's
  }
}
