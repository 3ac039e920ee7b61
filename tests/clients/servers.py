"""Room: tests of clients. Servers as they come from the system, each on a free port of loopback with a directory of its own,
and what may happen to one: killed, begun anew, stopped and let go on. Each ends by its own number, and its children's.
"""
import asyncio
import contextlib
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

STARTS_WITHIN = 30


class Missing(Exception):
    """What is not installed."""


def need(command, package, *places):
    path = shutil.which(command, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *places]))
    if path is None:
        raise Missing(f"there is no {command} (Debian: {package})")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, asked=b"", begins_with=b""):
    """Whether a server is there, and says what it should to what it is asked."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as conn:
            conn.sendall(asked)
            return not begins_with or conn.recv(100).startswith(begins_with)
    except OSError:
        return False


def children_of(pid):
    try:
        direct = [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return direct + [each for child in direct for each in children_of(child)]


def is_stopped(pid):
    """Whether each of its threads is; or it is gone."""
    try:
        states = [(task / "stat").read_text().rpartition(")")[2].split()[0] for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return not pathlib.Path(f"/proc/{pid}").exists()
    return all(state in "TtZX" for state in states)


class Server:
    """One process, and those that it makes. It keeps its port over a restart."""

    user = None

    def __init__(self, scratch):
        self.scratch = pathlib.Path(scratch)
        self.port = free_port()
        self.process = None

    def __enter__(self):
        self.prepare()
        self.restart()
        return self

    def __exit__(self, *_):
        self.kill()

    # --- What each server has for itself.

    def prepare(self):
        pass

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        return answers(self.port)

    def facts(self):
        """What the client's program is told."""
        return {"port": self.port}

    def favours(self):
        return {"kill": self.kill, "restart": self.restart, "pause": self.pause, "resume": self.resume}

    # --- What may happen to it.

    def restart(self):
        with open(self.scratch / "server.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.scratch,
                                            start_new_session=True, user=self.user, group=self.user)
        limit = time.monotonic() + STARTS_WITHIN
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"{self.command()[0]} did not start:\n" + (self.scratch / "server.log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def processes(self):
        """Its own, and those that it made."""
        if self.process is None or self.process.poll() is not None:
            return []
        return [self.process.pid, *children_of(self.process.pid)]

    def signal(self, number):
        everyone = self.processes()
        for pid in everyone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return everyone

    def kill(self):
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def pause(self):
        """Returns when the last thread has stopped: one that runs on another processor goes on for a moment."""
        everyone = self.signal(signal.SIGSTOP)
        limit = time.monotonic() + STARTS_WITHIN
        while not all(map(is_stopped, everyone)):
            if time.monotonic() > limit:
                raise RuntimeError("it did not stop")
            time.sleep(0.002)

    def resume(self):
        self.signal(signal.SIGCONT)


class Redis(Server):
    def command(self):
        return [need("redis-server", "redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", str(self.scratch), "--enable-debug-command", "yes", "--unixsocket", str(self.unix_socket())]

    def unix_socket(self):
        return self.scratch / "redis.sock"

    def is_ready(self):
        return answers(self.port, b"PING\r\n", b"+PONG")


def take_numbers(count):
    """So many descriptors, for this process and those that it makes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Missing(f"{count} descriptors are needed, and ulimit -Hn is {hard}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def other_than_root(*names):
    """PostgreSQL refuses to be root's."""
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Missing(f"this is root, and there is no user {' or '.join(names)} for a server that refuses to be root's")


class Postgres(Server):
    def tool(self, name):
        homes = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        return need(name, "postgresql", *map(str, homes))

    def prepare(self):
        self.user = other_than_root("postgres", "nobody")
        self.data = self.scratch / "data"
        if self.user:
            shutil.chown(self.scratch, self.user)
        subprocess.run([self.tool("initdb"), "-D", self.data, "-U", "weft", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8"],
                       check=True, stdout=subprocess.DEVNULL, cwd=self.scratch, user=self.user, group=self.user, timeout=60)

    def command(self):
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "max_connections": 230,
                    "fsync": "off", "shared_buffers": "16MB", "jit": "off", "autovacuum": "off"}
        return [self.tool("postgres"), "-D", str(self.data), *(f"--{name}={value}" for name, value in settings.items())]

    def is_ready(self):
        asked = subprocess.run([self.tool("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False)
        return asked.returncode == 0


POOLER = """[databases]
postgres = host=127.0.0.1 port={postgres} user=weft
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
listen_backlog = 4096
auth_type = any
pool_mode = transaction
max_client_conn = {clients}
default_pool_size = 20
log_connections = 0
log_disconnections = 0
"""


class Pooled(Server):
    """pgbouncer, and a PostgreSQL behind it: thousands of connections, few of which are the server's own at a time."""

    CLIENTS = 6000

    def __init__(self, scratch):
        super().__init__(scratch)
        (self.scratch / "postgres").mkdir()
        self.postgres = Postgres(self.scratch / "postgres")

    def prepare(self):
        need("pgbouncer", "pgbouncer")
        take_numbers(self.CLIENTS + 1000)
        self.user = other_than_root("postgres", "nobody")
        self.scratch.chmod(0o755)
        self.postgres.__enter__()
        (self.scratch / "pgbouncer.ini").write_text(POOLER.format(postgres=self.postgres.port, port=self.port, clients=self.CLIENTS))

    def __exit__(self, *what):
        super().__exit__(*what)
        self.postgres.__exit__(*what)

    def command(self):
        return [need("pgbouncer", "pgbouncer"), str(self.scratch / "pgbouncer.ini")]


class Upstream(threading.Thread):
    """Behind nginx: what is asked for /together is answered once `together` of them are there, what is asked for /held when
    `release` is asked, the rest at once, with what was asked."""

    def __init__(self):
        super().__init__(daemon=True)
        self.loop = asyncio.new_event_loop()
        self.port = free_port()
        self.held = []
        self.start()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self.converse, "127.0.0.1", self.port, backlog=1024))
        self.loop.run_forever()

    async def converse(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split()[1].decode()
            if path.startswith("/held"):
                answer = asyncio.Event()
                self.held.append(answer)
                await answer.wait()
            body = path.encode()
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    def release(self):
        def all_of_them():
            for each in self.held:
                each.set()
            self.held.clear()
        self.loop.call_soon_threadsafe(all_of_them)

    def until_held(self, count):
        limit = time.monotonic() + 30
        while len(self.held) < int(count):
            if time.monotonic() > limit:
                raise RuntimeError(f"{len(self.held)} of {count} requests came")
            time.sleep(0.01)


NGINX = """daemon off; pid nginx.pid; error_log stderr warn; worker_processes 1; {user}
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port} backlog=1024; listen 127.0.0.1:{tls_port} ssl backlog=1024;
    ssl_certificate cert.pem; ssl_certificate_key key.pem;
    root {root};
    location / {{ }}
    location /empty {{ return 204; }}
    location /behind/ {{ proxy_pass http://127.0.0.1:{upstream}/; proxy_read_timeout 60s; }}
  }}
}}
"""


class Nginx(Server):
    def prepare(self):
        need("nginx", "nginx-light")
        self.tls_port = free_port()
        self.upstream = Upstream()
        subprocess.run([need("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       cwd=self.scratch, check=True, capture_output=True, timeout=60)
        root = self.scratch / "root"
        root.mkdir()
        (root / "large").write_bytes(bytes(range(256)) * 1200)
        (root / "small").write_text("hello from a file\n")
        user = "user root;" if os.geteuid() == 0 else ""
        (self.scratch / "nginx.conf").write_text(NGINX.format(user=user, port=self.port, tls_port=self.tls_port, root=root,
                                                              upstream=self.upstream.port))

    def command(self):
        return [need("nginx", "nginx-light"), "-p", str(self.scratch), "-c", str(self.scratch / "nginx.conf")]

    def facts(self):
        return {"port": self.port, "tls_port": self.tls_port, "ca": self.scratch / "cert.pem"}

    def favours(self):
        return super().favours() | {"release": self.upstream.release, "until_held": self.upstream.until_held}


class Program(Server):
    """A program of weft's own that listens where it is told."""

    def __init__(self, scratch, *command):
        super().__init__(scratch)
        self.given = command

    def command(self):
        return [each.replace("PORT", str(self.port)) for each in self.given]


class Holder(Server):
    """A second process of the client's own program, which holds what is in a directory when it says so there. Not begun before it
    is asked for."""

    def __init__(self, scratch, program):
        super().__init__(scratch)
        self.program = program

    def __enter__(self):
        return self

    def command(self):
        return [self.program, "hold", f"scratch={self.scratch}"]

    def restart(self):
        (self.scratch / "held").unlink(missing_ok=True)
        super().restart()

    def is_ready(self):
        return (self.scratch / "held").exists()

    def facts(self):
        return {"scratch": self.scratch}

    def favours(self):
        return super().favours() | {"hold": self.restart}


class Nobody(Server):
    """The client needs none."""

    def __enter__(self):
        return self

    def facts(self):
        return {}
