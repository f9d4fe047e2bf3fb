import { AssetHashType, DockerImage, Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { addLog } from './add-log.ts';
import type { Environment } from './environments.ts';
import { bundleFunctions, type FunctionName, functionNames, functionsFolder } from './function-asset.ts';
import type { Network } from './network.ts';

export interface PipelineFunctionsProps {
  readonly environment: Environment;
  readonly key: IKey | undefined;
  readonly network: Network | undefined;
  readonly variables: Record<string, string>;
}

/** Timeout of a function in seconds, and its memory in MB. @default memory: `memoryMb` of the environment */
const limits: Record<FunctionName, { readonly seconds: number; readonly memoryMb?: number }> = {
  'start-run': { seconds: 60, memoryMb: 256 },
  'prepare-run': { seconds: 900, memoryMb: 1024 },
  'extract-expressions': { seconds: 900 },
  'ground-expressions': { seconds: 900 },
  'collect-results': { seconds: 900, memoryMb: 1024 },
};

/** The five functions: one asset, and for each a role and a log group. The role may only write its log; `grantPipeline` adds the rest. */
export class PipelineFunctions extends Construct {
  readonly byName: Readonly<Record<FunctionName, LambdaFunction>>;

  constructor(scope: Construct, id: string, props: PipelineFunctionsProps) {
    super(scope, id);
    const code = functionCode();
    const entries = functionNames.map((name) => [name, this.addFunction(name, code, props)] as const);
    this.byName = Object.fromEntries(entries) as Record<FunctionName, LambdaFunction>;
  }

  private addFunction(name: FunctionName, code: Code, { environment, key, network, variables }: PipelineFunctionsProps): LambdaFunction {
    const logGroup = addLog(this, `${name}-log`, environment, key);
    const role = new Role(this, `${name}-role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    if (network) role.addToPolicy(networkInterfaces());
    const { seconds, memoryMb = environment.memoryMb } = limits[name];
    return new LambdaFunction(this, name, {
      description: `Groundline ${variables.ENVIRONMENT}: ${name}`,
      code,
      handler: `${name}.handler`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMb,
      timeout: Duration.seconds(seconds),
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: Tracing.ACTIVE,
      environment: {
        ...variables,
        POWERTOOLS_SERVICE_NAME: name,
        POWERTOOLS_METRICS_NAMESPACE: 'Groundline',
        NODE_OPTIONS: '--enable-source-maps',
      },
      vpc: network?.vpc,
      securityGroups: network && [network.securityGroup],
    });
  }
}

/** Bundled on this machine, never in a container. The context `aws:cdk:bundling-stacks` can skip bundling. */
function functionCode(): Code {
  const bundling = {
    image: DockerImage.fromRegistry('unused: functions are bundled by the local esbuild'),
    local: {
      tryBundle(directory: string) {
        bundleFunctions(directory);
        return true;
      },
    },
  };
  return Code.fromAsset(functionsFolder, { assetHashType: AssetHashType.OUTPUT, bundling });
}

function networkInterfaces(): PolicyStatement {
  return new PolicyStatement({
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
  });
}
