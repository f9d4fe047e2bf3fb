import type { Usage } from './ports.ts';

export const noUsage: Usage = { calls: 0, input: 0, cachedInput: 0, output: 0, thinking: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  const unreported = (a.unreported ?? 0) + (b.unreported ?? 0);
  return {
    calls: a.calls + b.calls,
    input: a.input + b.input,
    cachedInput: a.cachedInput + b.cachedInput,
    output: a.output + b.output,
    thinking: a.thinking + b.thinking,
    ...(unreported > 0 && { unreported }),
  };
}
