"""Calls the start-run function a number of times with one "Object Created" event, as EventBridge may: it delivers at least once."""

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3

bucket, key, times = sys.argv[1:]
version = boto3.client("s3").head_object(Bucket=bucket, Key=key)
functions = boto3.client("lambda")
[name] = [each["FunctionName"] for each in functions.list_functions()["Functions"] if each["Handler"] == "start-run.handler"][:1]
event = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": bucket}, "object": {"key": key, "version-id": version["VersionId"], "etag": version["ETag"], "sequencer": "0"}},
}


def deliver(_):
    # As often as Lambda tries an event that a function has thrown at.
    for _ in range(3):
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        payload = answer["Payload"].read().decode()
        if "FunctionError" not in answer:
            return json.loads(payload)
    raise SystemExit(payload + base64.b64decode(answer.get("LogResult", "")).decode())


with ThreadPoolExecutor(3) as together:
    print(json.dumps(list(together.map(deliver, range(int(times))))))
