"""The API's Python stubs, generated from the proto files alone."""

import atexit
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/client"))

_folder = tempfile.mkdtemp(prefix="clockwise-stubs-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
subprocess.run(
    ["/usr/bin/protoc", f"-I{ROOT / 'proto'}", f"--python_out={_folder}",
     f"--grpc_out={_folder}",
     "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin",
     "clockwise/v1/placement.proto", "clockwise/v1/stored.proto"],
    check=True, timeout=60)
sys.path.insert(0, _folder)

import grpc  # noqa: E402 (needs the path)
from clockwise.v1 import placement_pb2 as pb  # noqa: E402,F401
from clockwise.v1 import placement_pb2_grpc, stored_pb2  # noqa: E402,F401

TIMEOUT = 20  # seconds; a call that takes longer hangs


def stub_of(server):
    """A stub for a RunningServer, and the channel to close."""
    channel = grpc.insecure_channel(
        server.grpc, options=[("grpc.use_local_subchannel_pool", 1),
                              ("grpc.max_receive_message_length", -1),
                              ("grpc.initial_reconnect_backoff_ms", 50),
                              ("grpc.max_reconnect_backoff_ms", 200)])
    return placement_pb2_grpc.PlacementServiceStub(channel), channel


def refusal(call, request, timeout=TIMEOUT):
    """The status code and the ErrorInfo reason with which a call is refused."""
    try:
        call(request, timeout=timeout)
    except grpc.RpcError as error:
        for key, value in error.trailing_metadata() or ():
            if key != "grpc-status-details-bin":
                continue
            for detail in stored_pb2.RpcStatus.FromString(value).details:
                if detail.type_url == "type.googleapis.com/google.rpc.ErrorInfo":
                    info = stored_pb2.ErrorInfo.FromString(detail.value)
                    return error.code(), info.reason
        return error.code(), None
    return grpc.StatusCode.OK, None
