import CrashClient
import LinuxSystem
import Testing

@Suite struct `What our handler is told by its environment` {
  @Test func `comes through`() {
    var settings = DeliverySettings()
    settings.runDirectory = "/var/db/x.run"
    settings.dsn = "https://key@host/1=2"
    settings.userAgent = "sdk/1"
    settings.certificateFile = "ca.pem"
    settings.transferTimeout = 1500
    settings.sendsClientReports = false
    settings.floodLimit = 10
    settings.maximumSize = 1 << 40
    settings.maximumAge = 0
    #expect(DeliverySettings(environment: settings.environment) == settings)
  }

  @Test(arguments: [true, false]) func `says whether losses are worth a request of their own`(alone: Bool) {
    var settings = DeliverySettings()
    settings.sendsReportsAlone = alone
    #expect(DeliverySettings(environment: settings.environment) == settings)
  }

  @Test func `hides what another program has told its handler`() {
    let inherited: [FilePath] = ["SENTRY_NATIVE_RUN=/other.run", "SENTRY_NATIVE_DSN=http://a@b/1"]
    #expect(DeliverySettings(environment: inherited + DeliverySettings().environment) == DeliverySettings())
  }

  @Test(
    arguments: [
      "SENTRY_NATIVE_RUN=relative", "SENTRY_NATIVE_TRANSFER_TIMEOUT=-5", "SENTRY_NATIVE_TRANSFER_TIMEOUT=x",
      "SENTRY_NATIVE_TRANSFER_TIMEOUT=99999999999999999999", "SENTRY_NATIVE_DSN=", "SENTRY_NATIVE_FLOOD_LIMIT=-1",
      "SENTRY_NATIVE_MAX_SIZE=-1", "SENTRY_NATIVE_MAX_AGE=x",
      "SENTRY_NATIVE_RUN", "=", "",
    ] as [FilePath]) func `that makes no sense is passed over`(entry: FilePath)
  {
    #expect(DeliverySettings(environment: [entry]) == DeliverySettings())
  }
}
