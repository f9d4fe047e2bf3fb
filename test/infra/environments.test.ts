import { describe, expect, it } from 'vitest';
import { vendorHosts } from '#core/model-hosts.ts';
import { allowedHosts, environmentNamed, environments } from '#infra/environments.ts';

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

  it('allows the shared APIs of vendors by default, and its own servers besides', () => {
    expect(allowedHosts({ modelHosts: vendorHosts, ownModelHosts: ['10.0.1.5:8000'] })).toEqual([...vendorHosts, '10.0.1.5:8000']);
    for (const { modelHosts, ownModelHosts } of [environments.dev, environments.prod].filter((each) => each !== undefined))
      expect(allowedHosts({ modelHosts, ownModelHosts })).toContain('api.openai.com');
  });

  it.each([
    'https://vlm.example.com',
    'vlm.example.com/v1',
    '*.example.com',
    'VLM.example.com',
    'vlm.example.com:443',
    'me@vlm.example.com',
    '',
  ])('refuses to name %j as a host', (host) => {
    expect(() => allowedHosts({ modelHosts: [host], ownModelHosts: [] })).toThrow(
      /modelHosts cannot hold .*expected the exact name of a host/,
    );
  });
});
