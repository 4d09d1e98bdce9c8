package forgehand;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Writes signed lines, as bot/toolchains/results.py reads them. */
final class Records {
  private final Mac chain;
  private final OutputStream file;

  private Records(Mac chain, OutputStream file) {
    this.chain = chain;
    this.file = file;
  }

  /** Takes the key and leaves its successor: what runs later can sign nothing in this process's name. */
  static Records open(String folder) {
    Path place = Path.of(folder, "key");
    try (FileChannel keys = FileChannel.open(place, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock ignored = keys.lock()) {
      ByteBuffer key = ByteBuffer.allocate(32);
      keys.read(key);
      keys.write(ByteBuffer.wrap(sign(key.array()).doFinal("next".getBytes(StandardCharsets.UTF_8))), 0);
      int number = 0;
      while (Files.exists(Path.of(folder, "results-" + number + ".jsonl"))) number++;
      Path results = Path.of(folder, "results-" + number + ".jsonl");
      // a line of somebody else's breaks the chain: it is not written over
      StandardOpenOption[] fresh = {StandardOpenOption.CREATE_NEW, StandardOpenOption.APPEND};
      return new Records(sign(key.array()), Files.newOutputStream(results, fresh));
    } catch (IOException | GeneralSecurityException error) {
      throw new IllegalStateException(error);
    }
  }

  private static Mac sign(byte[] key) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac;
  }

  synchronized void write(String record) {
    byte[] body = record.getBytes(StandardCharsets.UTF_8);
    try {
      chain.update(body);
      byte[] signature = ((Mac) chain.clone()).doFinal();
      StringBuilder line = new StringBuilder();
      for (byte one : signature) line.append(String.format("%02x", one));
      file.write((line + " " + record + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException | CloneNotSupportedException error) {
      throw new IllegalStateException(error);
    }
  }

  /** Writes one member of a JSON object. */
  static String text(String name, String value) {
    StringBuilder line = new StringBuilder("\"" + name + "\":\"");
    for (char one : value.toCharArray()) {
      boolean plain = one >= ' ' && one < 127 && one != '"' && one != '\\';
      if (plain) line.append(one);
      else line.append(String.format("\\u%04x", one == 0 || Character.isSurrogate(one) ? 0xfffd : (int) one));
    }
    return line.append('"').toString();
  }
}
