package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/**
 * Sluice at its defaults: durable buffer, metadata of the pods' API, parsed JSON, gzip, ids.
 *
 * @param command starts the agent; <code>{config}</code> stands for its file
 * @param javaOptions more of them
 */
record SluiceShipper(List<String> command, List<String> javaOptions) implements Shipper {
    static final String NAME = "sluice";

    /** So that jcmd can say whose memory is what. */
    SluiceShipper withNativeMemoryTracking() {
        return new SluiceShipper(command, List.of("-XX:NativeMemoryTracking=summary"));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String about() {
        return "`" + String.join(" ", command) + "`, all settings at their defaults";
    }

    @Override
    public List<String> prepare(Stage stage) throws IOException {
        var config = stage.folder().resolve("sluice.yaml");
        var token = Files.writeString(stage.folder().resolve("token"), "benchmark");
        Files.writeString(
                config,
                """
                containers:
                  path: "%s"
                kubernetes:
                  api: "%s"
                  node: "%s"
                  tokenFile: "%s"
                buffer:
                  path: "%s"
                  minFree: 64MiB
                elasticsearch:
                  hosts: ["%s"]
                health:
                  listen: "127.0.0.1:0"
                admin:
                  listen: "127.0.0.1:0"
                """
                        .formatted(
                                stage.logs().links(),
                                stage.api(),
                                PodApi.NODE,
                                token,
                                stage.folder().resolve("buffer"),
                                stage.endpoint()));
        return command.stream().map(word -> word.replace("{config}", config.toString())).toList();
    }

    @Override
    public Map<String, String> environment() {
        return javaOptions.isEmpty()
                ? Map.of()
                : Map.of("SLUICE_JAVA_OPTS", String.join(" ", javaOptions));
    }

    @Override
    public boolean isJvm() {
        return true;
    }
}
