"""The API's Python stubs, generated from the proto files alone."""

import atexit
import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import types

import grpc

from tests.support.paths import ROOT

PROTOS = ["clockwise/v1/placement.proto", "clockwise/v1/errors.proto"]


def _generated():
    """Generates the stubs and imports them; returns the modules.

    They import each other as clockwise.v1, so the package `clockwise` is the
    folder with the generated files.
    """
    folder = tempfile.mkdtemp(prefix="clockwise-stubs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(
        ["/usr/bin/protoc", f"-I{ROOT / 'proto'}", f"--python_out={folder}",
         f"--grpc_out={folder}",
         "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin", *PROTOS],
        check=True, timeout=60)
    package = types.ModuleType("clockwise")
    package.__path__ = [str(pathlib.Path(folder, "clockwise"))]
    sys.modules["clockwise"] = package
    return [importlib.import_module(f"clockwise.v1.{name}")
            for name in ("placement_pb2", "placement_pb2_grpc", "errors_pb2")]


pb, placement_pb2_grpc, errors_pb2 = _generated()

TIMEOUT = 20  # seconds; a longer call hangs


def stub_of(server):
    """Returns a stub for a RunningServer, and the channel to close."""
    channel = grpc.insecure_channel(
        server.grpc, options=[("grpc.use_local_subchannel_pool", 1),
                              ("grpc.max_receive_message_length", -1),
                              ("grpc.initial_reconnect_backoff_ms", 50),
                              ("grpc.max_reconnect_backoff_ms", 200)])
    return placement_pb2_grpc.PlacementServiceStub(channel), channel


def refusal(call, request, timeout=TIMEOUT):
    """Returns the status code and the ErrorInfo reason of a call that must
    fail."""
    try:
        call(request, timeout=timeout)
    except grpc.RpcError as error:
        for key, value in error.trailing_metadata() or ():
            if key != "grpc-status-details-bin":
                continue
            for detail in errors_pb2.RpcStatus.FromString(value).details:
                if detail.type_url == "type.googleapis.com/google.rpc.ErrorInfo":
                    info = errors_pb2.ErrorInfo.FromString(detail.value)
                    return error.code(), info.reason
        return error.code(), None
    return grpc.StatusCode.OK, None
