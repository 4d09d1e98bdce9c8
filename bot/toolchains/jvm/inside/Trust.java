import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;

/** Makes a trust store of a file of certificates: Java reads no PEM. */
final class Trust {
  public static void main(String[] args) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream bundle = Files.newInputStream(Path.of(args[0]))) {
      for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(bundle)) {
        store.setCertificateEntry("ca-" + store.size(), one);
      }
    }
    try (OutputStream made = Files.newOutputStream(Path.of(args[1]))) {
      store.store(made, "changeit".toCharArray());
    }
  }
}
