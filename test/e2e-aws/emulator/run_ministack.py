"""Starts MiniStack with what it lacks for this stack: JSONata in a distributed map, ItemBatcher, the output of a result writer, a bucket's tags.

Checked against the one version named below; another is refused, because the emulator ignores what it does not know and still reports success.
"""

import copy
import json
import os
import shutil
import signal
import threading
import time
import uuid
from importlib.metadata import version

PINNED = "1.5.33"
if version("ministack") != PINNED:
    raise SystemExit(f"this harness was checked against MiniStack {PINNED}, found {version('ministack')}")

from ministack import app
from ministack.services import s3
from ministack.services import stepfunctions as sfn
from ministack.services.cloudformation import provisioners

shipped_map = sfn._run_distributed_map
shipped_configurations = provisioners._s3_apply_configurations


def batches_of(items, batcher, evaluate):
    """Groups items as ItemBatcher does: up to a number of items and up to a number of bytes of a child's input."""
    most_items = int(evaluate(batcher["MaxItemsPerBatch"])) if "MaxItemsPerBatch" in batcher else len(items)
    most_bytes = int(evaluate(batcher["MaxInputBytesPerBatch"])) if "MaxInputBytesPerBatch" in batcher else 262144
    envelope = {"BatchInput": evaluate(batcher["BatchInput"])} if "BatchInput" in batcher else {}
    frame = len(json.dumps(envelope))
    batch, size = [], frame
    for item in items:
        item_size = len(json.dumps(item)) + 2
        if batch and (len(batch) == most_items or size + item_size > most_bytes):
            yield {**envelope, "Items": batch}
            batch, size = [], frame
        batch.append(item)
        size += item_size
    if batch:
        yield {**envelope, "Items": batch}


def distributed_map(state, raw_input, effective, iterator, execution, context):
    if sfn._state_query_language(state, context) != "JSONata":
        return shipped_map(state, raw_input, effective, iterator, execution, context)

    def evaluate(value):
        return sfn._apply_jsonata_template(value, raw_input, context)

    inner = {k: v for k, v in state.items() if k not in ("ItemReader", "ItemBatcher", "ResultWriter", "Output", "Assign", "Items", "Catch", "Retry")}
    if "MaxConcurrency" in inner:
        inner["MaxConcurrency"] = int(evaluate(inner["MaxConcurrency"]))
        if inner["MaxConcurrency"] < 1:
            raise sfn._ExecutionError("States.Runtime", f"unlimited concurrency asked for: {state['MaxConcurrency']}")
    if "ItemReader" in state:
        reader = copy.deepcopy(state["ItemReader"])
        reader["Arguments"] = evaluate(reader.get("Arguments", {}))
        items = sfn._read_map_items(reader, raw_input, context)
    else:
        items = evaluate(state["Items"])
    if "ItemBatcher" in state:
        items = list(batches_of(items, state["ItemBatcher"], evaluate))

    # The shipped implementation runs the children; to it this is a JSONPath map over inline items, whose own states keep their JSONata.
    child_states = {name: {"QueryLanguage": "JSONata", **child} for name, child in iterator["States"].items()}
    inner.update(QueryLanguage="JSONPath", ItemsPath="$", ItemProcessor={**iterator, "States": child_states})
    results, _ = shipped_map(inner, items, items, inner["ItemProcessor"], execution, context)
    if "ResultWriter" in state:
        writer = evaluate(copy.deepcopy(state["ResultWriter"]).get("Arguments", {}))
        key = f"{writer.get('Prefix', '')}/{uuid.uuid4()}/manifest.json"
        results = {"ResultWriterDetails": {"Bucket": writer.get("Bucket"), "Key": key}}
    return sfn._apply_jsonata_output(state, raw_input, context, result=results, default=results), sfn._next_or_end(state)


def bucket_configurations(name, props, old_props=None):
    """CDK's function that empties a bucket looks for its own tag first."""
    shipped_configurations(name, props, old_props)
    if "Tags" in props:
        s3._bucket_tags[name] = {tag["Key"]: tag["Value"] for tag in props["Tags"]}


def end_with(parent):
    """Nothing is left behind by tests that were killed: no server, no function, no file."""
    while os.getppid() == parent:
        time.sleep(1)
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(os.getpgid(0), signal.SIGKILL)


threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
sfn._run_distributed_map = distributed_map
provisioners._s3_apply_configurations = bucket_configurations
# With TLS it would also take port 443 of this machine.
app._port_is_bindable = lambda host, port: False
app.main()
