// Provides a server with a certificate that nobody has signed.
import LinuxSystem
import SentryNativeTesting

/// Python's HTTP server behind TLS; it takes everything. Needs `openssl` and `python3`.
final class TLSServer {
  let port: Int
  /// The certificate, for those who trust it.
  let certificate: FilePath
  private let process: RunningProcess

  init(_ folder: FilePath) throws {
    certificate = folder.appending("certificate.pem")
    let key = folder.appending("key.pem")
    let made = try RunningProcess.run(
      "/usr/bin/env",
      [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
        "subjectAltName=IP:127.0.0.1", "-keyout", key.description, "-out", certificate.description,
      ])
    if !made.succeeded { throw TestKitError(.missing, "no certificate: \(made.errorOutput)") }
    let script = """
      import http.server, ssl, sys
      class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_POST(self):
          if self.headers.get("transfer-encoding") == "chunked":
            while True:
              size = int(self.rfile.readline(), 16)
              self.rfile.read(size)
              self.rfile.readline()
              if size == 0: break
          else:
            self.rfile.read(int(self.headers["content-length"]))
          print("POST", self.path, flush=True)
          self.send_response(200)
          self.send_header("Content-Length", "2")
          self.end_headers()
          self.wfile.write(b"{}")
        def log_message(self, *words): pass
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain(sys.argv[1], sys.argv[2])
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
      server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
      print(server.server_port, flush=True)
      server.serve_forever()
      """
    process = try RunningProcess(
      "/usr/bin/env", ["python3", "-c", script, certificate.description, key.description])
    try process.waitForOutput(containing: "\n")
    port = Int(process.output.split(separator: "\n").first ?? "") ?? 0
  }

  /// Paths of requests.
  var requests: [String] { process.output.split(separator: "\n").filter { $0.hasPrefix("POST ") }.map { String($0) } }

  func stop() { process.end() }
}
