/** Date and region of the prices. */
export const awsPricesReadOn = '2026-11-23';
export const awsPricesRegion = 'us-east-1';

/**
 * USD. Sources: aws.amazon.com/{step-functions,lambda,dynamodb,s3,ec2,cloudwatch,kms,vpc,secrets-manager}/pricing.
 * Without free tiers. Volume discounts of transfer and Lambda start above a few million samples.
 */
export const awsPrices = {
  /** Standard workflows, per transition. */
  transition: 25 / 1e6,
  /** arm64, per GB-second and per call. */
  lambdaGbSecond: 0.0000133334,
  lambdaRequest: 0.2 / 1e6,
  /** On demand, per unit. */
  dynamoWrite: 0.625 / 1e6,
  dynamoRead: 0.125 / 1e6,
  /** GET and HEAD; PUT, COPY and LIST. */
  s3Read: 0.4 / 1e6,
  s3Write: 5 / 1e6,
  /** Per GB. */
  logsGb: 0.5,
  transferOutGb: 0.09,
  natGb: 0.045,
  natHour: 0.045,
  /** Per request. */
  kmsRequest: 0.03 / 10_000,
} as const;
