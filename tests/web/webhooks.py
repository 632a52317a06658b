"""Holds the webhooks of `aither serve` against the reference library of Standard Webhooks (PyPI standardwebhooks): what it
signs is taken, what is wrong, old or sent again is not, and it takes what aither sends.

Usage: webhooks.py PROGRAM SITE, where SITE is a folder with a site that has been built; it is not kept clean."""

import base64
import datetime
import hmac
import http.server
import json
import os
import queue
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

program, site = sys.argv[1:]
secret = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, ok").decode()
wrong = []
received = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        received.put((dict(self.headers.items()), body))

    def log_message(self, *_):
        pass


receiver = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
environment = {
    "PATH": os.environ["PATH"],
    "WEBHOOK_SECRET": secret,
    "AITHER_ADMIN_TOKEN": "a-token-for-this-check",
    "SYNC_WEBHOOK_URLS": f"http://127.0.0.1:{receiver.server_port}/hook",
}
server = subprocess.Popen(
    [program, "serve", "--port", "0", "--root", site], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
)
address = None
for line in server.stdout:
    if "http://" in line:
        address = "http://" + line.split("http://")[1].split()[0].rstrip("/")
        break
# What else it says must not fill the pipe.
threading.Thread(target=server.stdout.read, daemon=True).start()


def post(body, **headers):
    request = urllib.request.Request(f"{address}/api/webhooks/sample", data=body.encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def expect(what, answer, status):
    if answer[0] != status:
        wrong.append(f"{what}: {answer}, not {status}")


def signed(number, body, at=None, key=secret):
    at = at or datetime.datetime.now(datetime.timezone.utc)
    signature = Webhook(key).sign(f"msg_{number}", at, body)
    return {"webhook_id": f"msg_{number}", "webhook_timestamp": str(int(at.timestamp())), "webhook_signature": signature}


def event(number):
    return json.dumps({
        "id": f"e{number}", "type": "course.updated", "resourceId": "c1", "resourceType": "course", "data": {},
        "timestamp": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    })


try:
    body = event(1)
    headers = signed(1, body)
    expect("signed by the library", post(body, **headers), 202)
    expect("the same once more", post(body, **headers), 200)
    expect("another body", post(event(2), **headers), 401)
    expect("another secret", post(body, **signed(3, body, key="whsec_" + base64.b64encode(b"x" * 32).decode())), 401)
    expect("no signature", post(body), 401)
    empty = signed(5, body)
    content = f"{empty['webhook_id']}.{empty['webhook_timestamp']}.{body}".encode()
    empty["webhook_signature"] = "v1," + base64.b64encode(hmac.new(b"", content, "sha256").digest()).decode()
    expect("an empty secret", post(body, **empty), 401)
    for minutes in (-10, 10):
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        expect(f"{minutes} minutes off", post(body, **signed(4, body, at=at)), 401)

    request = urllib.request.Request(f"{address}/api/sync", data=b"", method="POST")
    request.add_header("Authorization", "Bearer a-token-for-this-check")
    request.add_header("Prefer", "wait=20")
    try:
        urllib.request.urlopen(request, timeout=30).read()
    except urllib.error.HTTPError as error:
        # The run that the event began tells of itself just as well.
        if error.code != 409:
            wrong.append(f"a sync: {error.code}")
    try:
        headers, body = received.get(timeout=30)
        Webhook(secret).verify(body, headers)
    except queue.Empty:
        wrong.append("nothing was sent after a run")
    except WebhookVerificationError as error:
        wrong.append(f"the library does not take what was sent: {error}")
finally:
    server.terminate()
    server.wait()

for line in wrong:
    print(line, file=sys.stderr)
print(f"webhooks: {len(wrong)} mistakes")
sys.exit(bool(wrong))
