package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** An agent that can be measured, in one set-up. */
sealed interface Shipper permits SluiceShipper, RsyslogShipper, FluentBitShipper {

    /** What its column is called. */
    String name();

    /** What was run, for the report: program, version, set-up. */
    String about() throws IOException;

    /**
     * Writes its configuration into the stage's folder.
     *
     * @return the command that becomes the agent
     */
    List<String> prepare(Stage stage) throws IOException;

    /** What it finds in its environment besides. */
    default Map<String, String> environment() {
        return Map.of();
    }

    /** It is a JVM that jcmd can ask. */
    default boolean isJvm() {
        return false;
    }

    /**
     * Those of the command line.
     *
     * @throws IllegalArgumentException for a peer that does not exist, or a binary that is not
     *     there
     */
    static List<Shipper> peers(List<String> names, Path rsyslog, Optional<Path> fluentBit) {
        return names.stream().map(name -> peer(name, rsyslog, fluentBit)).toList();
    }

    private static Shipper peer(String name, Path rsyslog, Optional<Path> fluentBit) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "rsyslog" -> new RsyslogShipper(rsyslog, RsyslogShipper.SetUp.FULL);
            case "rsyslog-bare" -> new RsyslogShipper(rsyslog, RsyslogShipper.SetUp.BARE);
            case "fluent-bit" -> fluentBit(fluentBit, FluentBitShipper.SetUp.CHART);
            case "fluent-bit-gzip" -> fluentBit(fluentBit, FluentBitShipper.SetUp.CHART_GZIP);
            case "fluent-bit-bare" -> fluentBit(fluentBit, FluentBitShipper.SetUp.BARE);
            default ->
                    throw new IllegalArgumentException(
                            name
                                    + " is no peer; there are rsyslog, rsyslog-bare, fluent-bit,"
                                    + " fluent-bit-gzip and fluent-bit-bare");
        };
    }

    private static Shipper fluentBit(Optional<Path> binary, FluentBitShipper.SetUp setUp) {
        return new FluentBitShipper(
                binary.orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "fluent-bit needs its program: --fluent-bit PATH")),
                setUp);
    }
}
