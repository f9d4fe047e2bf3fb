import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

/**
 * The secret that holds the models' API keys, `{"api.openai.com": "…"}`, empty until its owner fills it in.
 * Its template still has the two short names: a changed template would write over what the owner put in.
 */
export class ModelKeysSecret extends Construct {
  readonly secret: Secret;
  /** By its attribute: what `Ref` gives is an ARN on AWS and a name elsewhere, and grants need the ARN. */
  readonly arn: string;

  constructor(scope: Construct, id: string, { key, retain }: { readonly key: IKey | undefined; readonly retain: boolean }) {
    super(scope, id);
    this.secret = new Secret(this, 'Secret', {
      description: 'Groundline: API keys of the models, as JSON with GOOGLE_API_KEY and OPENAI_API_KEY',
      ...(key ? { encryptionKey: key } : {}),
      // A template instead of a value: no deployment ever overwrites what the owner put in.
      generateSecretString: { secretStringTemplate: '{"GOOGLE_API_KEY":"","OPENAI_API_KEY":""}', generateStringKey: 'unused' },
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.arn = (this.secret.node.defaultChild as CfnSecret).attrId;
  }
}
