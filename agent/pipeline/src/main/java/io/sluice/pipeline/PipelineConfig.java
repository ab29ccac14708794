package io.sluice.pipeline;

import java.time.Duration;

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
 * @param maxRecordBytes longer records are cut here and marked
 * @param openRecordBytes bound of all open records together
 * @param maxFields JSON bodies with more fields than this are kept as text
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
        int maxRecordBytes,
        long openRecordBytes,
        int maxFields,
        BodyFormat parse,
        String target,
        String cluster,
        String nodeName,
        String dataset,
        String namespace) {

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
