import { describe, expect, it } from 'vitest';
import { environmentNamed, environments } from '#infra/environments.ts';

describe('the environment of a deployment', () => {
  it.each(Object.keys(environments))('is found by its name: %s', (name) => {
    expect(environmentNamed(name)).toBe(environments[name]);
  });

  it.each([undefined, 'production', 'toString', 'DEV', 7])('is refused by the name %s, with the names there are', (name) => {
    expect(() => environmentNamed(name)).toThrow(/use one of -c env=dev, -c env=prod, -c env=self-hosted/);
  });

  it('says of a missing name that it is missing', () => {
    expect(() => environmentNamed(undefined)).toThrow(/^no environment given/);
  });

  it('keeps what is paid for where it is meant to last, and is thrown away whole where it is not', () => {
    expect(environments.prod).toMatchObject({ retain: true, pointInTimeRecovery: true, customerKey: true });
    expect(environments.dev).toMatchObject({ retain: false });
  });

  it('has a name that CloudFormation takes', () => {
    for (const name of Object.keys(environments)) expect(`Groundline-${name}`).toMatch(/^[A-Za-z][A-Za-z0-9-]{0,127}$/);
  });
});
