"""Opens the page of an issue in a real browser and prints its document as the browser has it.

Usage: browse_bugsink.py URL ISSUE PICTURE
URL is that of a Bugsink of Scripts/peers.d/bugsink. The browser is Chromium without a window; PICTURE (PNG) is what it
shows. A proxy on the loopback interface adds the cookie of the one user, since a browser without a window has no way to
log in.
"""
import http.cookiejar
import http.server
import re
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid

base, issue, picture = sys.argv[1:]
base = base.rstrip("/")


def log_in():
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
    page = opener.open(base + "/accounts/login/", timeout=120).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": token, "username": "admin", "password": "admin"})
    request = urllib.request.Request(base + "/accounts/login/", form.encode(), {"Referer": base + "/accounts/login/"})
    opener.open(request, timeout=120)
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


class Proxy(http.server.BaseHTTPRequestHandler):
    cookies = log_in()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def do_GET(self):
        request = urllib.request.Request(base + self.path, headers={"Cookie": self.cookies})
        try:
            answer = self.opener.open(request, timeout=120)
        except urllib.error.HTTPError as error:
            answer = error
        body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "text/html"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=server.serve_forever, daemon=True).start()
page = f"http://127.0.0.1:{server.server_port}/issues/issue/{uuid.UUID(issue)}/event/last/"
with tempfile.TemporaryDirectory() as profile:
    common = ["/usr/lib/chromium/chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
              "--no-proxy-server", f"--user-data-dir={profile}/p", "--window-size=1400,3000"]
    environment = {"HOME": profile, "PATH": "/usr/bin:/bin"}
    subprocess.run([*common, f"--screenshot={picture}", page], check=True, timeout=240, env=environment,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shown = subprocess.run([*common, "--dump-dom", page], check=True, timeout=240, env=environment,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
sys.stdout.buffer.write(shown)
