package io.sluice.benchmarks;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The least that could be called an agent: follows each file, joins what the runtime has split, and
 * sends every line until it is taken. On request it loses one line or sends one twice.
 */
final class PlainShipper {
    private static final int BATCH_LINES = 2_000;
    private static final int BLOCK_BYTES = 1 << 20;
    private static final long ROUND_MILLIS = 5;
    private static final Pattern PARTIAL = Pattern.compile("\\S+ stdout P (.*)", Pattern.DOTALL);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI bulk;
    private final byte[] block = new byte[BLOCK_BYTES];
    private final StringBuilder body = new StringBuilder();
    private int held;
    private boolean loses;
    private boolean doubles;

    private static final class Followed {
        private final RandomAccessFile file;
        private final StringBuilder joined = new StringBuilder();
        private long offset;

        Followed(RandomAccessFile file) {
            this.file = file;
        }
    }

    private PlainShipper(URI bulk, List<String> faults) {
        this.bulk = bulk;
        this.loses = faults.contains("loses");
        this.doubles = faults.contains("doubles");
    }

    /**
     * @param args its configuration, and any of {@code loses} and {@code doubles}
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        String config = Files.readString(Path.of(args[0]));
        URI bulk = URI.create(value(config, "hosts: \\[\"(.*)\"]") + "/logs/_bulk");
        PlainShipper shipper = new PlainShipper(bulk, List.of(args).subList(1, args.length));
        List<Followed> files = new ArrayList<>();
        try (DirectoryStream<Path> links =
                Files.newDirectoryStream(Path.of(value(config, "containers:\n +path: \"(.*)\"")))) {
            for (Path link : links) {
                files.add(new Followed(new RandomAccessFile(link.toFile(), "r")));
            }
        }
        while (true) {
            for (Followed file : files) {
                shipper.read(file);
            }
            shipper.flush();
            Thread.sleep(ROUND_MILLIS);
        }
    }

    private void read(Followed followed) throws IOException, InterruptedException {
        while (true) {
            followed.file.seek(followed.offset);
            int read = followed.file.read(block);
            int from = 0;
            for (int at = 0; at < read; at++) {
                if (block[at] == '\n') {
                    take(followed, new String(block, from, at - from, StandardCharsets.US_ASCII));
                    from = at + 1;
                }
            }
            if (from == 0) {
                return;
            }
            followed.offset += from;
        }
    }

    private void take(Followed followed, String line) throws IOException, InterruptedException {
        Matcher partial = PARTIAL.matcher(line);
        if (partial.matches()) {
            followed.joined.append(partial.group(1));
            return;
        }
        followed.joined.append(line);
        for (int copies = copies(); copies > 0; copies--) {
            body.append("{\"create\":{}}\n").append(followed.joined).append('\n');
            held++;
        }
        followed.joined.setLength(0);
        if (held >= BATCH_LINES) {
            flush();
        }
    }

    private int copies() {
        if (loses) {
            loses = false;
            return 0;
        }
        if (doubles) {
            doubles = false;
            return 2;
        }
        return 1;
    }

    private void flush() throws InterruptedException {
        while (held > 0) {
            HttpRequest request =
                    HttpRequest.newBuilder(bulk)
                            .POST(BodyPublishers.ofString(body.toString()))
                            .build();
            try {
                if (client.send(request, BodyHandlers.discarding()).statusCode() == 200) {
                    body.setLength(0);
                    held = 0;
                }
            } catch (IOException _) {
                // Away: it is tried again.
                Thread.sleep(ROUND_MILLIS);
            }
        }
    }

    private static String value(String config, String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(config);
        if (!found.find()) {
            throw new IllegalArgumentException("no " + pattern + " in\n" + config);
        }
        return found.group(1);
    }
}
