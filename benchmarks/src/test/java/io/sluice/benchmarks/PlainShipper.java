package io.sluice.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The least that could be called an agent: sends each line of each file, and waits to be ended. */
final class PlainShipper {
    private static final int BATCH_LINES = 2_000;

    private PlainShipper() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String config = Files.readString(Path.of(args[0]));
        URI bulk = URI.create(value(config, "hosts: \\[\"(.*)\"]") + "/logs/_bulk");
        try (HttpClient client = HttpClient.newHttpClient();
                DirectoryStream<Path> links =
                        Files.newDirectoryStream(
                                Path.of(value(config, "containers:\n +path: \"(.*)\"")))) {
            for (Path link : links) {
                send(client, bulk, link);
            }
        }
        Thread.currentThread().join();
    }

    private static void send(HttpClient client, URI bulk, Path file)
            throws IOException, InterruptedException {
        StringBuilder body = new StringBuilder();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            int held = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                body.append("{\"create\":{}}\n").append(line).append('\n');
                held++;
                if (held == BATCH_LINES) {
                    post(client, bulk, body);
                    held = 0;
                }
            }
        }
        post(client, bulk, body);
    }

    private static void post(HttpClient client, URI bulk, StringBuilder body)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(bulk).POST(BodyPublishers.ofString(body.toString())).build();
        int status = client.send(request, BodyHandlers.discarding()).statusCode();
        if (status != 200) {
            throw new IOException("the server answered " + status);
        }
        body.setLength(0);
    }

    private static String value(String config, String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(config);
        if (!found.find()) {
            throw new IllegalArgumentException("no " + pattern + " in\n" + config);
        }
        return found.group(1);
    }
}
