import { describe, expect, it } from 'vitest';
import { addEnvironment } from '#infra/add-environment.ts';
import { allowedHosts, type Environment, environments } from '#infra/environments.ts';
import { functionNames } from '#infra/function-asset.ts';
import { triggerKeys } from '#infra/upload-trigger.ts';
import { actionsOf, statementsOf, stringsIn, variablesOf } from './policies.ts';
import { type Resource, synthesize, synthesized, testApp, written } from './synthesized.ts';

// Synthesis runs cdk-nag too, and throws for an unexplained finding.
describe.each(synthesized.map((each) => [each.name, each] as const))('the stack of %s', (_, each) => {
  const { environment, template, ofType } = each;
  const key = Object.keys(ofType('AWS::KMS::Key'))[0];
  const only = (type: string): Resource => {
    const found = Object.values(ofType(type));
    expect(found).toHaveLength(1);
    return found[0] as Resource;
  };

  it('gives no resource a fixed name, so that several environments fit into one account', () => {
    const named = Object.entries(template.Resources).flatMap(([id, { Properties = {} }]) =>
      Object.entries(Properties)
        .filter(([property, value]) => property.endsWith('Name') && typeof value === 'string')
        .map(([property]) => `${id}.${property}`),
    );

    // An inline policy needs a name and belongs to its role. Names of metrics and titles are no names of resources.
    expect(named.filter((name) => !/\.(PolicyName|MetricName|DisplayName)$/.test(name))).toEqual([]);
  });

  it('keeps data versioned, encrypted, private and only reachable over TLS', () => {
    const { Properties: bucket } = only('AWS::S3::Bucket');
    const encryption = environment.customerKey
      ? {
          BucketKeyEnabled: true,
          ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: { 'Fn::GetAtt': [key, 'Arn'] } },
        }
      : { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } };

    expect(bucket).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: { ServerSideEncryptionConfiguration: [encryption] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
    const denied = statementsOf(only('AWS::S3::BucketPolicy')).filter(({ Effect }) => Effect === 'Deny');
    expect(denied.map(({ Condition }) => Condition)).toEqual([
      { Bool: { 'aws:SecureTransport': 'false' } },
      { NumericLessThan: { 's3:TlsVersion': 1.2 } },
    ]);
  });

  it('expires broken uploads and old versions, and runs only with runDays', () => {
    const { Rules } = only('AWS::S3::Bucket').Properties.LifecycleConfiguration as { Rules: object[] };

    expect(Rules).toEqual([
      expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }),
      expect.objectContaining({ NoncurrentVersionExpiration: { NoncurrentDays: 30 }, ExpiredObjectDeleteMarker: true }),
      ...(environment.runDays === undefined ? [] : [expect.objectContaining({ Prefix: 'runs/', ExpirationInDays: environment.runDays })]),
    ]);
  });

  it('sends uploads to EventBridge by a bucket property, without an extra function', () => {
    expect(only('AWS::S3::Bucket').Properties.NotificationConfiguration).toEqual({
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    });
    expect(ofType('Custom::S3BucketNotifications')).toEqual({});
  });

  it('keeps checkpoints by sample and step, on demand, with a time to live', () => {
    expect(only('AWS::DynamoDB::Table').Properties).toMatchObject({
      KeySchema: [
        { AttributeName: 'sample_id', KeyType: 'HASH' },
        { AttributeName: 'step', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: environment.pointInTimeRecovery },
      DeletionProtectionEnabled: environment.retain,
    });
  });

  it('destroys or retains all stateful resources by the setting retain', () => {
    const data = ['AWS::S3::Bucket', 'AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret', 'AWS::Logs::LogGroup', 'AWS::KMS::Key'];
    const policies = data.flatMap((type) => Object.values(ofType(type)).map(({ DeletionPolicy }) => DeletionPolicy));

    expect(new Set(policies)).toEqual(new Set([environment.retain ? 'Retain' : 'Delete']));
    expect(each.terminationProtection).toBe(environment.retain);
    expect(Object.keys(ofType('Custom::S3AutoDeleteObjects'))).toHaveLength(environment.retain ? 0 : 1);
  });

  it('runs its functions on arm64 under Node 24, with memory, timeout and log group', () => {
    const functions = Object.values(ofType('AWS::Lambda::Function')).filter(({ Properties }) => Properties.Description !== undefined);
    const handlers = functions.filter(({ Properties }) => functionNames.some((name) => Properties.Handler === `${name}.handler`));

    expect(handlers).toHaveLength(functionNames.length);
    for (const { Properties } of handlers)
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.any(String) } },
        TracingConfig: { Mode: 'Active' },
      });
    const extract = handlers.find(({ Properties }) => Properties.Handler === 'extract-expressions.handler');
    expect(extract?.Properties).toMatchObject({ MemorySize: environment.memoryMb, Timeout: 900 });
    expect(new Set(handlers.map(({ Properties }) => JSON.stringify(Properties.Code))).size).toBe(1);
  });

  it('keeps logs for logDays, encrypted with the key of the stack if it has one', () => {
    for (const { Properties } of Object.values(ofType('AWS::Lambda::Function')))
      expect(Properties.LoggingConfig).toMatchObject({ LogGroup: { Ref: expect.any(String) } });
    for (const { Properties } of Object.values(ofType('AWS::Logs::LogGroup'))) {
      expect(Properties.RetentionInDays).toBe(environment.logDays);
      expect(Properties.KmsKeyId).toEqual(environment.customerKey ? { 'Fn::GetAtt': [key, 'Arn'] } : undefined);
    }
  });

  it('contains no API key, neither in the template nor in variables', () => {
    const variables = Object.values(ofType('AWS::Lambda::Function')).flatMap((each) => Object.entries(variablesOf(each)));

    expect(variables.filter(([name]) => /KEY$|TOKEN|PASSWORD|SECRET$/.test(name)).map(([name]) => name)).toEqual(
      functionNames.map(() => 'MODEL_KEYS_SECRET'),
    );
    for (const [name, value] of variables) if (name === 'MODEL_KEYS_SECRET') expect(written(value)).toMatch(/^<ModelKeys/);
    expect(JSON.stringify(template)).not.toMatch(/AIza[\w-]{20}|sk-[\w-]{16}|"SecretString"/);
    expect(only('AWS::SecretsManager::Secret').Properties.GenerateSecretString).toMatchObject({
      SecretStringTemplate: '{"GOOGLE_API_KEY":"","OPENAI_API_KEY":""}',
    });
  });

  it('starts runs only for captions and specs in any folder below inputs/', () => {
    const [rule] = Object.entries(ofType('AWS::Events::Rule')).filter(([id]) => id.startsWith('UploadStart'));

    expect(rule?.[1].Properties.EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [{ Ref: expect.stringMatching(/^Data/) }] },
        object: { key: triggerKeys.map((wildcard) => ({ wildcard })) },
      },
    });
    const starts = (uploaded: string) =>
      triggerKeys.some((wildcard) => new RegExp(`^${wildcard.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(uploaded));
    expect(['inputs/d/captions.jsonl', 'inputs/a/b/c/captions.jsonl.gz', 'inputs/d/spec.yaml'].map(starts)).toEqual([true, true, true]);
    expect(['runs/d/id/captions.jsonl', 'inputs/captions.jsonl', 'inputs/d/a.jpg', 'inputs/d/captions.jsonl.bak'].map(starts)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('keeps an upload that started no run in a queue with an alarm', () => {
    const [queue] = Object.keys(ofType('AWS::SQS::Queue'));
    const queueArn = { 'Fn::GetAtt': [queue, 'Arn'] };

    expect(only('AWS::SQS::Queue').Properties).toMatchObject({ MessageRetentionPeriod: 14 * 86_400 });
    expect(only('AWS::Lambda::EventInvokeConfig').Properties.DestinationConfig).toEqual({ OnFailure: { Destination: queueArn } });
    for (const { Properties } of Object.values(ofType('AWS::Events::Rule')))
      expect(Properties.Targets).toEqual([expect.objectContaining({ DeadLetterConfig: { Arn: queueArn } })]);
    expect(alarmOn('ApproximateNumberOfMessagesVisible')).toMatchObject({ Threshold: 1, Statistic: 'Maximum' });
  });

  const alarmOn = (metric: string) =>
    Object.values(ofType('AWS::CloudWatch::Alarm')).find(({ Properties }) => Properties.MetricName === metric)?.Properties;

  it('raises alarms for failed runs, crashes, throttles and costs, all to the topic', () => {
    for (const metric of ['ExecutionsFailed', 'ExecutionsTimedOut', 'Errors', 'Throttles', 'ReadThrottleEvents', 'WriteThrottleEvents'])
      expect(alarmOn(metric)).toBeDefined();
    expect(alarmOn('CostUsd')).toMatchObject({
      Threshold: environment.alarmModelUsdPerDay,
      Period: 86_400,
      Dimensions: [{ Name: 'environment', Value: each.name.split(' ')[0] }],
    });
    for (const { Properties } of Object.values(ofType('AWS::CloudWatch::Alarm'))) {
      expect(Properties).toMatchObject({ TreatMissingData: 'notBreaching' });
      expect((Properties.AlarmActions as unknown[]).map(written)).toEqual([expect.stringMatching(/^<NewsTopic/)]);
    }
  });

  it('allows alarms, rules and budgets to publish to the topic', () => {
    const allowed = statementsOf(only('AWS::SNS::TopicPolicy')).filter(({ Effect }) => Effect === 'Allow');
    const services = stringsIn(allowed.map(({ Principal }) => Principal));

    expect(services).toEqual(expect.arrayContaining(['cloudwatch.amazonaws.com', 'events.amazonaws.com']));
    expect(services.includes('budgets.amazonaws.com')).toBe(environment.monthlyBudgetUsd !== undefined);
  });

  it('publishes every completed and failed run', () => {
    const rules = Object.entries(ofType('AWS::Events::Rule')).filter(([id]) => id.startsWith('News'));
    const statuses = rules.map(([, { Properties }]) => (Properties.EventPattern as { detail: { status: string[] } }).detail.status);

    expect(statuses).toEqual([['SUCCEEDED'], ['FAILED', 'TIMED_OUT', 'ABORTED']]);
    expect(rules.map(([, { Properties }]) => JSON.stringify(Properties.Targets).includes('$.detail.cause'))).toEqual([false, true]);
    expect(Object.values(ofType('AWS::SNS::Subscription')).map(({ Properties }) => Properties.Endpoint)).toEqual(
      environment.email ? [environment.email] : [],
    );
  });

  it('grants access to all resources only for actions without resource-level permissions', () => {
    const wide = Object.values(ofType('AWS::IAM::Policy'))
      .flatMap(statementsOf)
      .filter(({ Resource }) => Resource === '*');
    const unnameable =
      /^(xray:|logs:.*(LogDelivery|LogDeliveries|ResourcePolic|DescribeLogGroups)|ec2:.*(NetworkInterface|Subnets|PrivateIpAddresses))/;

    expect(wide.flatMap(actionsOf).filter((action) => !unnameable.test(action))).toEqual([]);
    const actions = Object.values(ofType('AWS::IAM::Policy')).flatMap(statementsOf).flatMap(actionsOf);
    // CDK's grant to send to an encrypted queue.
    expect(actions.filter((action) => action.includes('*') && !/^kms:(GenerateDataKey|ReEncrypt)\*$/.test(action))).toEqual([]);
    for (const { Properties } of Object.values(ofType('AWS::IAM::Role')).filter(({ Properties }) => Properties.ManagedPolicyArns))
      expect(JSON.stringify(Properties)).toContain('AWSLambdaBasicExecutionRole');
  });

  it('allows each function only the writes of its work, and none to inputs/', () => {
    const grants = (name: string) => {
      const role = Object.keys(ofType('AWS::IAM::Role')).find((id) => id.startsWith(`Functions${name.replaceAll('-', '')}role`));
      return Object.values(ofType('AWS::IAM::Policy'))
        .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(`"${role}"`))
        .flatMap(statementsOf);
    };
    const services = (name: string) =>
      new Set(
        grants(name)
          .flatMap(actionsOf)
          .map((action) => action.split(':')[0]),
      );
    const none = environment.customerKey ? ['kms'] : [];
    const vpc = environment.vpc ? ['ec2'] : [];

    for (const name of functionNames) {
      const writes = grants(name).filter((statement) => actionsOf(statement).some((action) => /^s3:(Put|Delete|Abort)/.test(action)));
      for (const { Resource } of writes) expect(written(Resource)).toMatch(/^<Data\w+\.Arn>\/runs\/\*$/);
      expect(writes).toHaveLength(name === 'start-run' ? 0 : 1);
    }
    expect(services('start-run')).toEqual(new Set(['logs', 'xray', 's3', 'states', 'sqs', ...none, ...vpc]));
    expect(services('collect-results')).toEqual(new Set(['logs', 'xray', 's3', 'dynamodb', ...none, ...vpc]));
    expect(services('extract-expressions')).toEqual(new Set(['logs', 'xray', 's3', 'dynamodb', 'secretsmanager', ...none, ...vpc]));
    expect(services('prepare-run')).toEqual(new Set(['logs', 'xray', 's3', 'dynamodb', 'secretsmanager', 'states', ...none, ...vpc]));
  });

  it('allows reads of other buckets only if the environment names them', () => {
    const read = Object.values(ofType('AWS::IAM::Policy'))
      .flatMap(statementsOf)
      .flatMap(({ Resource }) => [Resource].flat().map(written));
    const others = new Set(read.filter((resource) => resource.startsWith('arn:aws:s3:::') && !resource.includes('<Data')));

    expect(others).toEqual(new Set(environment.imageBuckets.flatMap((name) => [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`])));
  });

  it('lets the state machine use the key for the reader and writer of the map', () => {
    const [role] = Object.keys(ofType('AWS::IAM::Role')).filter((id) => id.startsWith('WorkflowStateMachine'));
    const actions = Object.values(ofType('AWS::IAM::Policy'))
      .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(`"${role}"`))
      .flatMap(statementsOf)
      .flatMap(actionsOf);

    expect(actions).toEqual(expect.arrayContaining(['states:StartExecution', 'states:RedriveExecution', 's3:GetObject', 's3:PutObject']));
    expect(actions.filter((action) => action.startsWith('kms:'))).toEqual(
      environment.customerKey ? ['kms:Decrypt', 'kms:GenerateDataKey'] : [],
    );
  });

  it('lets log groups, topic and queue use the key', () => {
    if (key === undefined) return;
    const services = stringsIn(statementsOf(only('AWS::KMS::Key')).map(({ Principal }) => Principal));

    expect(services).toEqual(expect.arrayContaining(['logs.', 'cloudwatch.amazonaws.com', 'events.amazonaws.com', 'sns.amazonaws.com']));
    expect(only('AWS::KMS::Key').Properties.EnableKeyRotation).toBe(true);
  });

  it('reaches S3 and DynamoDB from a VPC through gateway endpoints, without look-ups', () => {
    const gateways = Object.values(ofType('AWS::EC2::VPCEndpoint')).filter(({ Properties }) => Properties.VpcEndpointType === 'Gateway');

    expect(gateways).toHaveLength(environment.vpc ? 2 : 0);
    expect(Object.keys(ofType('AWS::EC2::NatGateway'))).toHaveLength(environment.vpc && environment.natGateway ? 1 : 0);
    for (const { Properties } of Object.values(ofType('AWS::EC2::Subnet')))
      expect(Properties.AvailabilityZone).toHaveProperty('Fn::Select');
  });

  it('passes the allowed hosts to its functions and to an output', () => {
    const hosts = allowedHosts(environment).join(',');
    const passed = Object.values(ofType('AWS::Lambda::Function')).flatMap((each) => {
      const { MODEL_HOSTS, OWN_MODEL_HOSTS } = variablesOf(each);
      return MODEL_HOSTS === undefined ? [] : [[MODEL_HOSTS, OWN_MODEL_HOSTS]];
    });

    expect(passed).toEqual(functionNames.map(() => [hosts, environment.ownModelHosts.join(',')]));
    expect(template.Outputs.ModelHosts?.Value).toBe(hosts);
  });

  it('tags its resources', () => {
    const tags = only('AWS::S3::Bucket').Properties.Tags as { Key: string; Value: string }[];

    expect(Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]))).toMatchObject({
      Project: 'groundline',
      Environment: each.name.split(' ')[0],
      ...environment.tags,
    });
  });

  it('has outputs with all addresses and the first start input', () => {
    const outputs = Object.fromEntries(Object.entries(template.Outputs).map(([name, { Value }]) => [name, written(Value)]));

    expect(outputs).toMatchObject({
      BucketName: expect.stringMatching(/^<Data/),
      InputPrefix: expect.stringMatching(/^s3:\/\/<Data\w+>\/inputs\/$/),
      StateMachineUrl: expect.stringMatching(
        /^https:\/\/us-east-1\.console\.aws\.amazon\.com\/states\/home\?region=us-east-1#\/statemachines\/view\/</,
      ),
      DashboardUrl: expect.stringContaining('#dashboards:name=<'),
      ExampleStart: expect.stringMatching(/^\{"input":"s3:\/\/<Data\w+>\/inputs\/demo\/captions\.jsonl"\}$/),
    });
    expect(outputs.KeyArn).toBe(environment.customerKey ? `<${key}.Arn>` : undefined);
    for (const { Description } of Object.values(template.Outputs)) expect(Description).not.toBe('');
  });
});

describe('environments', () => {
  it('can share an account and region: their stacks have different names and no exports', () => {
    const stacks = synthesized.slice(0, -1);

    expect(new Set(stacks.map(({ name }) => name))).toEqual(new Set(Object.keys(environments)));
    for (const { template } of stacks) expect(JSON.stringify(template.Outputs)).not.toContain('"Export"');
  });

  it('may set an account and a region, without look-ups or unexplained findings', () => {
    const place = { account: '123456789012', region: 'eu-west-1', imageBuckets: ['their-images'] };
    const [inVpc] = [synthesize('self-hosted', place), synthesize('prod', place)];

    for (const { Properties } of Object.values(inVpc.ofType('AWS::EC2::Subnet')))
      expect(Properties.AvailabilityZone).toHaveProperty('Fn::Select');
  });

  it('send budget messages to the topic, without an email address', () => {
    const { ofType } = synthesize('dev', { monthlyBudgetUsd: 10 });
    const [budget] = Object.values(ofType('AWS::Budgets::Budget'));

    expect(budget?.Properties).toMatchObject({
      Budget: { BudgetLimit: { Amount: 10, Unit: 'USD' }, CostFilters: { TagKeyValue: ['user:Environment$dev'] } },
      NotificationsWithSubscribers: [{ Subscribers: [{ SubscriptionType: 'SNS' }] }],
    });
  });

  it('show a notice at synth for an old name of a setting', () => {
    const app = testApp();
    const stack = addEnvironment(app, 'dev', { ...(environments.dev as Environment), settleSeconds: 5 });

    const { messages, template } = app.synth().getStackArtifact(stack.artifactId);

    expect(messages.map(({ entry }) => entry.data)).toContainEqual(
      expect.stringContaining('settleSeconds of an environment is now called uploadDelaySeconds'),
    );
    expect(JSON.stringify(template)).toContain('$exists($states.input.uploaded) ? 5 : 0');
  });
});
