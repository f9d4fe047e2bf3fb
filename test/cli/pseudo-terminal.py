"""Runs a command on a pseudo-terminal of size 0 x 0 and copies what it prints to stdout.

First line on stderr: the command's process id. Lines on stdin: "size ROWS COLUMNS" resizes the terminal, "interrupt" types Ctrl-C.
"""
import fcntl, os, pty, select, signal, struct, sys, termios

LIMIT = 20_000_000  # a command that prints more never ends by itself

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
print(child, file=sys.stderr, flush=True)
sources, printed, pending = [terminal, 0], 0, b""
while True:
    ready, _, _ = select.select(sources, [], [])
    if terminal in ready:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # Linux: the last process has left the terminal
            break
        if not chunk:
            break
        printed += len(chunk)
        os.write(1, chunk)
        if printed > LIMIT:
            os.kill(child, signal.SIGKILL)
    if 0 in ready:
        chunk = os.read(0, 4096)
        if not chunk:
            sources.remove(0)
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            name, *numbers = line.split()
            if name == b"size":
                rows, columns = map(int, numbers)
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            elif name == b"interrupt":
                os.write(terminal, b"\x03")
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
