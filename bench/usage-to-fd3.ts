// Preloaded into a measured process: writes what the whole process used to file descriptor 3 when it ends.
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
