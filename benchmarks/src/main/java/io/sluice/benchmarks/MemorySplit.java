package io.sluice.benchmarks;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the resident memory of a JVM is, by {@code jcmd System.map}: the kernel's list of mappings
 * (proc_pid_smaps(5)) with the JVM's own words beside it, which it has only with {@code
 * -XX:NativeMemoryTracking}.
 */
final class MemorySplit {
    /** Columns: range, size, protection, resident, huge, page size, notes, info, file. */
    private static final Pattern MAPPING =
            Pattern.compile(
                    "(?m)^0x[0-9a-f]+-0x[0-9a-f]+ +\\d+ +\\S+ +(\\d+) +\\d+ +\\S+ +\\S+ +(\\S+)"
                            + " +(\\S.*)$");

    private final Map<Part, Long> bytes = new EnumMap<>(Part.class);

    /** What a mapping is for. */
    enum Part {
        HEAP("Java heap"),
        METASPACE("metaspace and class space"),
        CODE("compiled code"),
        ARCHIVE("CDS or AOT archive"),
        STACKS("thread stacks"),
        GC("garbage collector"),
        QUEUE("mapped queue segments"),
        FILES("libraries, class files, other mapped files"),
        OTHER("malloc and the rest");

        private final String label;

        Part(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }

        private static Part of(String info, String file) {
            if (file.endsWith(".cq4") || file.endsWith(".cq4t")) {
                return QUEUE;
            }
            if (info.startsWith("STACK")) {
                return STACKS;
            }
            return switch (info) {
                case "JAVAHEAP" -> HEAP;
                case "META", "CLASS" -> METASPACE;
                case "CODE" -> CODE;
                case "CDS" -> ARCHIVE;
                case "GC", "CARDTBL" -> GC;
                default -> file.startsWith("/") ? FILES : OTHER;
            };
        }
    }

    private MemorySplit() {}

    /** Empty where there is no jcmd, or the JVM does not track its memory. */
    static Optional<MemorySplit> of(long pid) throws IOException {
        return Jcmd.ask(pid, "System.map").flatMap(MemorySplit::parse);
    }

    static Optional<MemorySplit> parse(String map) {
        MemorySplit split = new MemorySplit();
        Matcher mappings = MAPPING.matcher(map);
        while (mappings.find()) {
            split.bytes.merge(
                    Part.of(mappings.group(2), mappings.group(3)),
                    Long.parseLong(mappings.group(1)),
                    Long::sum);
        }
        return split.bytes.containsKey(Part.HEAP) ? Optional.of(split) : Optional.empty();
    }

    /** Resident bytes. */
    long bytes(Part part) {
        return bytes.getOrDefault(part, 0L);
    }

    long totalBytes() {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }
}
