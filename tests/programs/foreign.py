"""A foreign gRPC client: what it makes of proto/ is what the central was built with, and every call does what is said there.

foreign.py PROTO PORT
"""

import base64
import pathlib
import socket
import sys
import tempfile
import threading

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

PROTO, PORT = pathlib.Path(sys.argv[1]), sys.argv[2]
FILES = ["trozos/v1/operator.proto", "trozos/v1/figures.proto", "private_chat.proto"]
ADMIN = [("authorization", "Basic " + base64.b64encode(b"admin:una contrasena").decode())]
WRONG = [("authorization", "Basic " + base64.b64encode(b"admin:otra").decode())]


def generated(folder):
    """The modules that a compiler of protocols makes, after a look at what the central was built with."""
    made = folder / "made.bin"
    well_known = pathlib.Path(protoc.__file__).parent / "_proto"
    include = [f"-I{PROTO}", f"-I{well_known}"]
    assert protoc.main(["protoc", *include, "--include_imports", f"--descriptor_set_out={made}", *FILES]) == 0
    assert made.read_bytes() == (PROTO / "trozos.bin").read_bytes(), "proto/trozos.bin is not of these files"
    assert protoc.main(["protoc", *include, f"--python_out={folder}", f"--grpc_python_out={folder}", *FILES]) == 0
    sys.path.insert(0, str(folder))


def refused(call, code):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, (error.code(), error.details())
        return dict(error.trailing_metadata() or ()).get("trozos-code")
    raise AssertionError(f"not refused with {code}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        generated(pathlib.Path(folder))
        import private_chat_pb2
        import private_chat_pb2_grpc
        from trozos.v1 import figures_pb2, figures_pb2_grpc, operator_pb2, operator_pb2_grpc

        channel = grpc.insecure_channel(f"127.0.0.1:{PORT}")
        services = set(ProtoReflectionDescriptorDatabase(channel).get_services())
        wanted = {"trozos.v1.Operator", "trozos.v1.Figures", "PrivateChatService", "grpc.health.v1.Health"}
        assert wanted <= services, services
        health = health_pb2_grpc.HealthStub(channel)
        for service in ["", *sorted(wanted - {"grpc.health.v1.Health"})]:
            answer = health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING, service

        figures = figures_pb2_grpc.FiguresStub(channel)
        change = figures_pb2.ChangeFigure
        code = refused(lambda: figures.Change(change(order="inc.1")), grpc.StatusCode.UNAUTHENTICATED)
        assert code == "http-password-wanted", code
        refused(lambda: figures.Change(change(order="inc.1"), metadata=WRONG), grpc.StatusCode.UNAUTHENTICATED)
        for _ in range(2):
            figure = figures.Change(change(name="sala", order="inc.5", request="once"), metadata=ADMIN)
            assert (figure.name, figure.value) == ("sala", 5), figure
        code = refused(lambda: figures.Change(change(order="sum.1"), metadata=ADMIN),
                       grpc.StatusCode.INVALID_ARGUMENT)
        assert code == "figure-not-understood", code
        refused(lambda: figures.Change(change(name="sala", order=f"inc.{2**63 - 1}"), metadata=ADMIN),
                grpc.StatusCode.OUT_OF_RANGE)
        assert figures.Get(figures_pb2.GetFigure(name="sala")).value == 5
        listed = {figure.name: figure.value for figure in figures.List(figures_pb2.ListFigures()).figures}
        assert listed == {"sala": 5}, listed
        assert figures.Change(change(name="sala", order="res.0"), metadata=ADMIN).value == 0

        operator = operator_pb2_grpc.OperatorStub(channel)
        order = operator_pb2.OrderRequest
        refused(lambda: operator.Order(order(line="ESTADO")), grpc.StatusCode.UNAUTHENTICATED)
        answer = operator.Order(order(line="CIFRA sala +2"), metadata=ADMIN)
        assert (list(answer.lines), answer.exit) == (["sala: 2"], 0), answer
        answer = operator.Order(order(line="DRENAR 9"), metadata=ADMIN)
        assert answer.exit == 4, answer
        refused(lambda: operator.Order(order(line="adivina"), metadata=ADMIN), grpc.StatusCode.INVALID_ARGUMENT)
        info = operator.Info(operator_pb2.InfoRequest(language="en"))
        assert any(line.startswith("queue: ") for line in info.lines), info
        told = []
        events = operator.Events(operator_pb2.EventsRequest(), metadata=ADMIN)
        has_heard = threading.Event()

        def listen():
            try:
                for event in events:
                    told.append(event.text)
                    has_heard.set()
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.CANCELLED, error

        listener = threading.Thread(target=listen)
        listener.start()
        # Others come until that is heard: the stream may not have begun yet.
        comers = []
        for number in range(100):
            comer = socket.create_connection(("127.0.0.1", int(PORT)))
            comer.sendall(b'{"type":"hello","protocol":1,"role":"client","session":%d,"name":"luis%d"}\n' % (number, number))
            comers.append(comer)
            if has_heard.wait(0.5):
                break
        assert told and "luis" in told[0], told
        events.cancel()
        listener.join()

        chat = private_chat_pb2_grpc.PrivateChatServiceStub(channel)
        message = private_chat_pb2.Message
        chat.AddMessage(message(sender="fuera", receiver="ana", message="hola, ana"))
        code = refused(lambda: chat.AddMessage(message(sender="fuera", receiver="eva", message="hola")),
                       grpc.StatusCode.NOT_FOUND)
        assert code == "message-nobody-here", code
        refused(lambda: chat.AddMessage(message(sender="fuera", receiver="ana", message="")),
                grpc.StatusCode.INVALID_ARGUMENT)


main()
