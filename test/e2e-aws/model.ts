import { inject } from 'vitest';
import { type StandIn, type StandInOptions, startStandIn } from '#test/models/stand-in.ts';

/** Hosts of models that the deployed environment names. */
export const modelHosts = inject('deployed')?.modelHosts ?? [];

/** A model at one of the hosts that the environment allows. */
export async function startModel(options: StandInOptions = {}): Promise<StandIn> {
  for (let tries = 0; ; tries++) {
    const host = modelHosts[Math.floor(Math.random() * modelHosts.length)] ?? '';
    try {
      return await startStandIn({ ...options, port: Number(host.split(':')[1]) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries > modelHosts.length) throw error;
    }
  }
}
