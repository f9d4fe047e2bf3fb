import { describe, expect, it } from 'vitest';
import { vendorHosts } from '#core/hosts/model-hosts.ts';
import { allowedHosts, type Environment, environmentNamed, environments, renameOldSettings } from '#infra/environments.ts';

describe('the environment of a deployment', () => {
  it.each(Object.keys(environments))('is found by its name: %s', (name) => {
    expect(environmentNamed(name)).toBe(environments[name]);
  });

  it.each([undefined, 'production', 'toString', 'DEV', 7])('is refused under the name %s, with the list of valid names', (name) => {
    expect(() => environmentNamed(name)).toThrow(/use one of -c env=dev, -c env=prod, -c env=self-hosted/);
  });

  it('is refused without a name', () => {
    expect(() => environmentNamed(undefined)).toThrow(/^no environment given/);
  });

  it('retains its data in prod and deletes it in dev', () => {
    expect(environments.prod).toMatchObject({ retain: true, pointInTimeRecovery: true, customerKey: true });
    expect(environments.dev).toMatchObject({ retain: false });
  });

  it('has a valid CloudFormation stack name', () => {
    for (const name of Object.keys(environments)) expect(`Groundline-${name}`).toMatch(/^[A-Za-z][A-Za-z0-9-]{0,127}$/);
  });

  it('allows the shared APIs of vendors by default, and its own servers', () => {
    expect(allowedHosts({ modelHosts: vendorHosts, ownModelHosts: ['10.0.1.5:8000'] })).toEqual([...vendorHosts, '10.0.1.5:8000']);
    for (const { modelHosts, ownModelHosts } of [environments.dev, environments.prod].filter((each) => each !== undefined))
      expect(allowedHosts({ modelHosts, ownModelHosts })).toContain('api.openai.com');
  });

  it.each([
    ['settleSeconds', 'uploadDelaySeconds'],
    ['settleMinutes', 'imageGraceMinutes'],
  ] as const)('still takes %s for %s, with a notice', (old, name) => {
    const notices: string[] = [];

    const renamed = renameOldSettings({ ...(environments.dev as Environment), [old]: 7 }, (message) => notices.push(message));

    expect(renamed).toEqual({ ...environments.dev, [name]: 7 });
    expect(notices).toEqual([expect.stringContaining(`fix: write ${name}: 7`)]);
  });

  it('gives no notice for current names', () => {
    const notices: string[] = [];

    expect(renameOldSettings(environments.dev as Environment, (message) => notices.push(message))).toEqual(environments.dev);
    expect(notices).toEqual([]);
  });

  it.each([
    'https://vlm.example.com',
    'vlm.example.com/v1',
    '*.example.com',
    'VLM.example.com',
    'vlm.example.com:443',
    'me@vlm.example.com',
    '',
  ])('refuses %j as a host', (host) => {
    expect(() => allowedHosts({ modelHosts: [host], ownModelHosts: [] })).toThrow(
      /modelHosts cannot hold .*expected the exact name of a host/,
    );
  });
});
