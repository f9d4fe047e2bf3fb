import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

/**
 * The secret with the API keys of the models, `{"api.openai.com": "…"}`, empty until its owner fills it in.
 * Its template keeps the two old names: a changed template would overwrite the keys of the owner.
 */
export class ModelKeysSecret extends Construct {
  readonly secret: Secret;
  /** From the attribute of the resource: `Ref` is an ARN on AWS and a name in emulators, and grants need the ARN. */
  readonly arn: string;

  constructor(scope: Construct, id: string, { key, retain }: { readonly key: IKey | undefined; readonly retain: boolean }) {
    super(scope, id);
    this.secret = new Secret(this, 'Secret', {
      description: 'Groundline: API keys of the models, as JSON with GOOGLE_API_KEY and OPENAI_API_KEY',
      encryptionKey: key,
      // A template instead of a value, so that no deployment overwrites the keys of the owner.
      generateSecretString: { secretStringTemplate: '{"GOOGLE_API_KEY":"","OPENAI_API_KEY":""}', generateStringKey: 'unused' },
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.arn = (this.secret.node.defaultChild as CfnSecret).attrId;
  }
}
