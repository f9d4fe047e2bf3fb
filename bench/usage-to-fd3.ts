// Preloaded into a measured process: writes the resource usage of the process to file descriptor 3 at its end.
import { writeSync } from 'node:fs';

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(
    3,
    JSON.stringify({
      cpuMs: (userCPUTime + systemCPUTime) / 1000,
      rssMb: maxRSS / 1024,
      endedAt: performance.timeOrigin + performance.now(),
    }),
  );
});
