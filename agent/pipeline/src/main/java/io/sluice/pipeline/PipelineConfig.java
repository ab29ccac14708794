package io.sluice.pipeline;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/**
 * Sizes and times of the pipeline. All bytes.
 *
 * @param encoders encode threads; 1 or more
 * @param ringSlots chunks in the ring; a power of two
 * @param chunkBytes size of a chunk
 * @param linger how long a document may wait for others
 * @param maxBatchBytes a batch closes when its NDJSON reaches this
 * @param maxCompressedBytes a batch closes before its gzip body can exceed this: the buffer's
 *     largest excerpt
 * @param compression what makes the gzip bodies
 * @param maxRecordBytes longer records are cut here and marked
 * @param openRecordBytes bound of all open records together
 * @param maxFields JSON bodies with more members than this, those inside counted, are kept as text
 * @param parse how bodies are read
 * @param target name of the object parsed JSON goes under
 * @param cluster {@code orchestrator.cluster.name}; empty for none
 * @param nodeName {@code host.name} and {@code kubernetes.node.name}; empty for none
 * @param dataset {@code data_stream.dataset}
 * @param namespace {@code data_stream.namespace}
 */
public record PipelineConfig(
        int encoders,
        int ringSlots,
        int chunkBytes,
        Duration linger,
        int maxBatchBytes,
        int maxCompressedBytes,
        Compression compression,
        int maxRecordBytes,
        long openRecordBytes,
        int maxFields,
        BodyFormat parse,
        String target,
        String cluster,
        String nodeName,
        String dataset,
        String namespace) {

    private static final Duration LONGEST_LINGER = Duration.ofMinutes(1);
    private static final int SMALLEST_OPEN_RECORD_SHARE = 64 * 1024;

    /** Lets nothing through that could not run: each message names the value and the remedy. */
    public PipelineConfig {
        check(encoders >= 1 && encoders <= 64, "encoders", encoders, "1 to 64", "1");
        check(
                ringSlots >= 2 && ringSlots <= 65_536 && Integer.bitCount(ringSlots) == 1,
                "ringSlots",
                ringSlots,
                "a power of two from 2 to 65536",
                "64");
        check(
                chunkBytes >= 1_024 && chunkBytes <= 16 * 1024 * 1024,
                "chunkBytes",
                chunkBytes,
                "1024 to 16777216",
                "131072");
        check(
                !linger.isNegative() && linger.compareTo(LONGEST_LINGER) <= 0,
                "linger",
                linger,
                "0 to 1 minute",
                "200 ms");
        check(
                maxBatchBytes >= 1_024 && maxBatchBytes <= 64 * 1024 * 1024,
                "maxBatchBytes",
                maxBatchBytes,
                "1024 to 67108864",
                "2097152");
        // Below this, what the compressor may hold inside leaves no room for the documents.
        check(
                maxCompressedBytes >= 1024 * 1024,
                "maxCompressedBytes",
                maxCompressedBytes,
                "at least 1048576: raise the buffer's block size",
                "4194304");
        check(
                compression != Compression.IGZIP || IsalGzip.isInstalled(),
                "compression",
                "igzip, and libisal.so.2 is not installed",
                "auto or deflater, or install Debian's libisal2",
                "auto");
        check(
                maxRecordBytes >= 1_024 && maxRecordBytes <= 64 * 1024 * 1024,
                "maxRecordBytes",
                maxRecordBytes,
                "1024 to 67108864",
                "1048576");
        check(
                openRecordBytes >= (long) encoders * SMALLEST_OPEN_RECORD_SHARE,
                "openRecordBytes",
                openRecordBytes,
                "at least " + (long) encoders * SMALLEST_OPEN_RECORD_SHARE,
                "16777216");
        check(maxFields >= 1, "maxFields", maxFields, "at least 1", "1000");
        check(
                isFree(target),
                "target",
                "'" + target + "'",
                "the name of a field that documents do not have, without dots and underscore at its"
                        + " beginning",
                "app");
        checkDataStreamPart("dataset", dataset, "kubernetes.container_logs");
        checkDataStreamPart("namespace", namespace, "default");
    }

    /**
     * The defaults of every setting an operator does not write.
     *
     * @param encoders encode threads
     * @param maxCompressedBytes the buffer's largest excerpt
     */
    public static PipelineConfig defaults(int encoders, int maxCompressedBytes) {
        return new PipelineConfig(
                encoders,
                64,
                128 * 1024,
                Duration.ofMillis(200),
                2 * 1024 * 1024,
                maxCompressedBytes,
                Compression.AUTO,
                1024 * 1024,
                16 * 1024 * 1024,
                1_000,
                BodyFormat.AUTO,
                "app",
                "",
                "",
                "kubernetes.container_logs",
                "default");
    }

    /** Name of the data stream all documents go to. */
    public String dataStream() {
        return "logs-" + dataset + "-" + namespace;
    }

    private static boolean isFree(String target) {
        byte[] bytes = target.getBytes(StandardCharsets.UTF_8);
        FieldName name = FieldName.of(bytes, 0, bytes.length);
        return !target.isBlank()
                && target.indexOf('.') < 0
                && target.charAt(0) != '_'
                && name != FieldName.LOG
                && !FieldName.OURS.contains(name);
    }

    private static void checkDataStreamPart(String name, String value, String byDefault) {
        boolean fits =
                !value.isEmpty()
                        && value.length() <= 100
                        && value.equals(value.toLowerCase(Locale.ROOT))
                        && value.chars()
                                .noneMatch(character -> "-\\/*?\"<>| ,#:".indexOf(character) >= 0);
        check(
                fits,
                name,
                "'" + value + "'",
                "up to 100 lower-case characters without - \\ / * ? \" < > | , # : and spaces",
                byDefault);
    }

    private static void check(
            boolean right, String name, Object value, String remedy, String byDefault) {
        if (!right) {
            throw new IllegalArgumentException(
                    name
                            + " is "
                            + value
                            + "; set "
                            + remedy
                            + ", or remove it for the default "
                            + byDefault);
        }
    }

    /** What compresses. */
    public enum Compression {
        /** igzip where it is installed, the JDK's Deflater otherwise. */
        AUTO,
        /** ISA-L's igzip, at a quarter of the cost. */
        IGZIP,
        /** The JDK's zlib. */
        DEFLATER
    }

    /** How a record's body is read. */
    public enum BodyFormat {
        /** JSON where the body is a JSON object, text otherwise. */
        AUTO,
        /** As AUTO: a body that is no JSON object is kept as text. */
        JSON,
        /** Always text. */
        PLAIN
    }
}
