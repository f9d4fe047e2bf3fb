import { Fn } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** A VPC for the functions. S3 and DynamoDB use free gateway endpoints, other services interface endpoints or a NAT gateway. */
export class Network extends Construct {
  readonly vpc: Vpc;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, { natGateway, flowLogs }: { readonly natGateway: boolean; readonly flowLogs: ILogGroup }) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      // Selected by index: a look-up of zones by name would need credentials at `cdk synth`.
      availabilityZones: [Fn.select(0, Fn.getAzs()), Fn.select(1, Fn.getAzs())],
      natGateways: natGateway ? 1 : 0,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: natGateway
        ? [
            { name: 'public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false },
            { name: 'functions', subnetType: SubnetType.PRIVATE_WITH_EGRESS },
          ]
        : [{ name: 'functions', subnetType: SubnetType.PRIVATE_ISOLATED }],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDB: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
      flowLogs: { rejected: { destination: FlowLogDestination.toCloudWatchLogs(flowLogs) } },
    });
    this.securityGroup = new SecurityGroup(this, 'Functions', { vpc: this.vpc, description: 'Groundline functions: no way in' });
    if (!natGateway) {
      for (const [name, service] of Object.entries({
        SecretsManager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
        StepFunctions: InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
      }))
        this.vpc.addInterfaceEndpoint(name, { service, open: false }).connections.allowDefaultPortFrom(this.securityGroup);
    }
  }
}
