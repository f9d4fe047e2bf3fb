"""Delivers S3's "Object Created" event of one object a number of times, as EventBridge may."""

import json
import sys

import boto3

bucket, key, times = sys.argv[1:]
version = boto3.client("s3").head_object(Bucket=bucket, Key=key)
event = {
    "Source": "aws.s3",
    "DetailType": "Object Created",
    "Detail": json.dumps({"bucket": {"name": bucket}, "object": {"key": key, "version-id": version["VersionId"], "etag": version["ETag"], "sequencer": "0"}}),
}
answer = boto3.client("events").put_events(Entries=[event] * int(times))
if answer["FailedEntryCount"]:
    raise SystemExit(json.dumps(answer, default=str))
