package io.sluice.app;

import io.sluice.app.json.JsonObject;
import io.sluice.buffer.Amount;
import io.sluice.buffer.BufferDamage;
import io.sluice.buffer.SavedBody;
import io.sluice.buffer.SavedBuffer;
import io.sluice.buffer.SavedExcerpt;
import io.sluice.buffer.SavedSegment;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/** {@code sluice buffer inspect}. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description =
                "Shows segments, what waits to be delivered, and how far each source was read.")
final class BufferInspectCommand implements Callable<Integer> {
    private static final String SEGMENT_ROW =
            "%-18s %-10s %11s %9s %9s %9s  %-20s  %-20s %11s %11s%n";
    private static final String EXCERPT_ROW = "%9s  %-20s %-10s %9s %11s %11s %8s%n";
    private static final String SOURCE_ROW = "%-70s  %-30s %11s %13s%n";

    @CommandLine.Mixin private final StateOption state = new StateOption();

    @CommandLine.Option(names = "--excerpts", description = "every excerpt, too")
    private boolean excerpts;

    @CommandLine.Option(
            names = "--sources",
            description = "every source: its position, and what of it waits")
    private boolean sources;

    @CommandLine.Option(
            names = "--json",
            description =
                    "one JSON object on each line, with a member type: segment, excerpt, source,"
                            + " output, summary")
    private boolean json;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter errors = spec.commandLine().getErr();
        Optional<Path> directory = state.directory(errors);
        if (directory.isEmpty()) {
            return Sluice.TOLD_WRONG;
        }
        try {
            SavedBuffer buffer = new SavedBuffer(directory.get(), List.of(BufferCommand.OUTPUT));
            Findings findings = new Findings(out);
            begin(buffer, directory.get(), out);
            buffer.walk(findings);
            findings.end();
            out.flush();
            return Sluice.OK;
        } catch (IOException e) {
            out.flush();
            errors.println("sluice: the buffer in " + directory.get() + " cannot be read: " + e);
            errors.flush();
            return Sluice.FAILED;
        }
    }

    private void begin(SavedBuffer buffer, Path directory, PrintWriter out) throws IOException {
        if (json) {
            for (SavedBuffer.Output output : buffer.outputs()) {
                out.println(
                        new JsonObject()
                                .put("type", "output")
                                .put("name", output.name())
                                .put("acknowledged", output.acknowledged())
                                .put("beyond", output.beyond()));
            }
            return;
        }
        out.println(directory + (buffer.isInUse() ? ", used by an agent" : ", not in use"));
        for (SavedBuffer.Output output : buffer.outputs()) {
            out.println(
                    output.name()
                            + " has acknowledged every excerpt up to "
                            + output.acknowledged()
                            + (output.beyond().isEmpty() ? "" : ", and " + output.beyond()));
        }
        if (!excerpts) {
            out.printf(
                    SEGMENT_ROW,
                    "SEGMENT",
                    "FOLDER",
                    "SIZE",
                    "EXCERPTS",
                    "FIRST",
                    "LAST",
                    "FROM",
                    "TO",
                    "DOCUMENTS",
                    "WAITING");
        }
    }

    /** What waits of a source, and how far it was read. */
    private static final class Source {
        Amount waiting = Amount.NONE;
        Optional<SourcePosition> position = Optional.empty();
    }

    /** Adds up what is found, and prints it as it comes. */
    private final class Findings implements SavedBuffer.Finder {
        private final PrintWriter out;
        private final Map<String, Source> bySource = new TreeMap<>();
        private final List<SavedExcerpt> ofSegment = new ArrayList<>();
        private Optional<SavedSegment> segment = Optional.empty();
        private long segments;
        private long segmentBytes;
        private long damages;
        private long waitingExcerpts;
        private long waitingDocuments;
        private long waitingBytes;
        private long oldestMillis = Long.MAX_VALUE;

        Findings(PrintWriter out) {
            this.out = out;
        }

        @Override
        public void segment(SavedSegment next) {
            finishSegment();
            segment = Optional.of(next);
            segments++;
            segmentBytes += next.bytes();
            if (excerpts && !json) {
                out.println();
                out.println(
                        next.file()
                                + ", "
                                + Figures.size(next.bytes())
                                + " with what was taken ahead");
                out.printf(
                        EXCERPT_ROW,
                        "SEQUENCE",
                        "TIME",
                        "KIND",
                        "SOURCES",
                        "DOCUMENTS",
                        "WAITING",
                        "BYTES");
            }
        }

        @Override
        public void excerpt(SavedExcerpt excerpt) {
            ofSegment.add(excerpt);
            long waiting = waiting(excerpt);
            if (waiting > 0) {
                waitingExcerpts++;
                waitingDocuments += waiting;
                oldestMillis = Math.min(oldestMillis, excerpt.epochMillis());
            }
            for (SavedBody body : excerpt.bodies()) {
                if (!body.isDelivered()) {
                    waitingBytes += body.compressedBytes();
                    body.sources()
                            .forEach(
                                    (key, amount) -> {
                                        Source source = source(key);
                                        source.waiting = source.waiting.plus(amount);
                                    });
                }
            }
            excerpt.positions()
                    .forEach((key, position) -> source(key).position = Optional.of(position));
            excerpt.forgotten().forEach(key -> source(key).position = Optional.empty());
            if (excerpts) {
                print(excerpt, waiting);
            }
        }

        private Source source(String key) {
            return bySource.computeIfAbsent(key, _ -> new Source());
        }

        private void print(SavedExcerpt excerpt, long waiting) {
            int named = excerpt.positions().size() + excerpt.forgotten().size();
            if (json) {
                out.println(
                        new JsonObject()
                                .put("type", "excerpt")
                                .put("sequence", excerpt.sequence())
                                .put("time", Figures.time(excerpt.epochMillis()))
                                .put("kind", excerpt.kind())
                                .put("sources", named)
                                .put("documents", documents(excerpt))
                                .put("waiting", waiting)
                                .put("bytes", excerpt.bytes()));
            } else {
                out.printf(
                        EXCERPT_ROW,
                        excerpt.sequence(),
                        Figures.time(excerpt.epochMillis()),
                        excerpt.kind(),
                        named,
                        documents(excerpt),
                        waiting,
                        excerpt.bytes());
            }
        }

        @Override
        public void damage(BufferDamage damage) {
            damages++;
        }

        private void finishSegment() {
            if (segment.isPresent() && !(excerpts && !json)) {
                print(segment.get());
            }
            ofSegment.clear();
        }

        private void print(SavedSegment done) {
            long documents = ofSegment.stream().mapToLong(e -> documents(e)).sum();
            long waiting = ofSegment.stream().mapToLong(e -> waiting(e)).sum();
            String folder = done.folder().name().toLowerCase(Locale.ROOT);
            boolean none = ofSegment.isEmpty();
            long first = none ? 0 : ofSegment.getFirst().sequence();
            long last = none ? 0 : ofSegment.getLast().sequence();
            String from = none ? "-" : Figures.time(ofSegment.getFirst().epochMillis());
            String to = none ? "-" : Figures.time(ofSegment.getLast().epochMillis());
            if (json) {
                out.println(
                        new JsonObject()
                                .put("type", "segment")
                                .put("file", done.file().toString())
                                .put("folder", folder)
                                .put("bytes", done.bytes())
                                .put("excerpts", ofSegment.size())
                                .put("first", first)
                                .put("last", last)
                                .put("from", from)
                                .put("to", to)
                                .put("documents", documents)
                                .put("waiting", waiting));
            } else {
                out.printf(
                        SEGMENT_ROW,
                        done.file().getFileName(),
                        folder,
                        Figures.size(done.bytes()),
                        ofSegment.size(),
                        first,
                        last,
                        from,
                        to,
                        documents,
                        waiting);
            }
        }

        void end() {
            finishSegment();
            if (sources) {
                printSources();
            }
            if (json) {
                out.println(
                        new JsonObject()
                                .put("type", "summary")
                                .put("segments", segments)
                                .put("segmentBytes", segmentBytes)
                                .put("waitingExcerpts", waitingExcerpts)
                                .put("waitingDocuments", waitingDocuments)
                                .put("waitingBytes", waitingBytes)
                                .put(
                                        "oldest",
                                        waitingExcerpts == 0 ? "" : Figures.time(oldestMillis))
                                .put("damages", damages));
                return;
            }
            out.println();
            out.println(
                    waitingExcerpts == 0
                            ? "nothing waits to be delivered"
                            : "waiting: "
                                    + Figures.count(waitingDocuments, "document")
                                    + " in "
                                    + Figures.count(waitingExcerpts, "excerpt")
                                    + ", "
                                    + Figures.size(waitingBytes)
                                    + " compressed, the oldest since "
                                    + Figures.time(oldestMillis));
            if (damages > 0) {
                out.println(
                        Figures.count(damages, "place")
                                + " damaged: sluice buffer verify says where, and what it costs");
            }
        }

        private void printSources() {
            if (!json) {
                out.println();
                out.printf(SOURCE_ROW, "SOURCE", "READ TO", "WAITING", "BYTES");
            }
            bySource.forEach(
                    (key, source) -> {
                        if (json) {
                            out.println(
                                    new JsonObject()
                                            .put("type", "source")
                                            .put("source", key)
                                            .put("position", position(source.position))
                                            .put("waiting", source.waiting.records())
                                            .put("waitingBytes", source.waiting.bytes()));
                        } else {
                            out.printf(
                                    SOURCE_ROW,
                                    Plain.line(key),
                                    position(source.position),
                                    source.waiting.records(),
                                    source.waiting.bytes());
                        }
                    });
        }
    }

    private static long documents(SavedExcerpt excerpt) {
        return excerpt.bodies().stream().mapToLong(SavedBody::documents).sum();
    }

    private static long waiting(SavedExcerpt excerpt) {
        return excerpt.bodies().stream()
                .filter(body -> !body.isDelivered())
                .mapToLong(SavedBody::documents)
                .sum();
    }

    /** Restart and offset; of both streams where they differ. */
    private static String position(Optional<SourcePosition> position) {
        return position.map(
                        at ->
                                at.stdout().equals(at.stderr())
                                        ? position(at.stdout())
                                        : "stdout "
                                                + position(at.stdout())
                                                + ", stderr "
                                                + position(at.stderr()))
                .orElse("ended");
    }

    private static String position(StreamPosition at) {
        return at.restart() + ".log+" + at.offset();
    }
}
