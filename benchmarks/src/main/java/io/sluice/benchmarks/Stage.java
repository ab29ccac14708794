package io.sluice.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What one run of an agent is set up with.
 *
 * @param folder its own, empty: for its state and its configuration
 * @param logs what it ships
 * @param endpoint {@code http://127.0.0.1:port} of the {@link DiscardingBulk}
 * @param api {@code http://127.0.0.1:port} of the {@link PodApi}
 */
record Stage(Path folder, LogFiles logs, String endpoint, String api) {

    /** Port of the endpoint. */
    String endpointPort() {
        return endpoint.substring(endpoint.lastIndexOf(':') + 1);
    }

    /**
     * A file of benchmarks/peers with <code>{links}</code> and the like filled in.
     *
     * @return where it is now
     */
    Path write(String name, Map<String, String> more) throws IOException {
        String text;
        try (InputStream in = Stage.class.getResourceAsStream("/peers/" + name)) {
            if (in == null) {
                throw new IllegalStateException("peers/" + name + " is not in the jar");
            }
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        text =
                text.replace("{links}", logs.links().toString())
                        .replace("{state}", folder.toString())
                        .replace("{port}", endpointPort())
                        .replace("{api}", api);
        for (Map.Entry<String, String> pair : more.entrySet()) {
            text = text.replace('{' + pair.getKey() + '}', pair.getValue());
        }
        return Files.writeString(folder.resolve(name), text);
    }
}
