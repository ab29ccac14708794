package io.sluice.app.simulation;

import io.sluice.app.simulation.Books.Piece;
import io.sluice.app.simulation.Books.Promise;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** A container whose log files have everything done to them that is done to log files. */
final class SimulatedContainer {
    private static final List<String> STREAMS = List.of("stdout", "stderr");

    private final Books books;
    private final Supplier<Instant> clock;
    private final String name;
    private final Path links;
    private final Path folder;
    private final String linkPrefix;

    /** Files in order, the active one last. */
    private final List<LogFile> files = new ArrayList<>();

    private int restart;
    private int rotations;
    private boolean deleted;

    /** A piece was begun and not ended, by stream. */
    private final Map<String, Boolean> open = new HashMap<>();

    /** The rest of a half-done write. */
    private String owed = "";

    private Piece owedPiece;

    private record Line(Piece piece, long from, long bodyFrom, long to) {}

    private static final class LogFile {
        Path path;
        final List<Line> lines = new ArrayList<>();

        /** An agent that lives has it open. */
        boolean held;

        /** The file itself was truncated and goes on. */
        boolean copied;

        LogFile(Path path) {
            this.path = path;
        }

        long size() throws IOException {
            return Files.size(path);
        }
    }

    SimulatedContainer(Path root, int number, Books books, Supplier<Instant> clock)
            throws IOException {
        this.books = books;
        this.clock = clock;
        this.name = "c" + number;
        this.links = Files.createDirectories(root.resolve("containers"));
        this.linkPrefix = "pod-" + number + "_shop_" + name + "-";
        this.folder =
                Files.createDirectories(
                        root.resolve("pods/shop_pod-%d_uid-%d/%s".formatted(number, number, name)));
        begin();
    }

    String name() {
        return name;
    }

    boolean isDeleted() {
        return deleted;
    }

    private LogFile active() {
        return files.getLast();
    }

    private void begin() throws IOException {
        Path path = Files.createFile(folder.resolve(restart + ".log"));
        files.add(new LogFile(path));
        Path link = links.resolve(linkPrefix + "%064x".formatted(restart + 1) + ".log");
        if (!Files.isSymbolicLink(link)) {
            Files.createSymbolicLink(link, path);
        }
    }

    // --- writing ---

    void write(Random random) throws IOException {
        int lines = 1 + random.nextInt(10);
        for (int i = 0; i < lines; i++) {
            String stream = stream(random);
            line(stream, "F", piece(stream, random));
            open.put(stream, false);
        }
    }

    void writeSplit(Random random) throws IOException {
        String stream = stream(random);
        line(stream, "P", piece(stream, random));
        int more = random.nextInt(3);
        for (int i = 0; i <= more; i++) {
            Piece next = piece(stream, random);
            next.joined = true;
            line(stream, i == more ? "F" : "P", next);
        }
        open.put(stream, false);
    }

    void beginLine(Random random) throws IOException {
        String stream = stream(random);
        line(stream, "P", piece(stream, random));
        open.put(stream, true);
    }

    void endLine(Random random) throws IOException {
        String stream = stream(random);
        if (open.getOrDefault(stream, false)) {
            line(stream, "F", piece(stream, random));
            open.put(stream, false);
        }
    }

    /** All lines are whole afterwards. */
    void endAll(Random random) throws IOException {
        payOwed();
        for (String stream : STREAMS) {
            if (open.getOrDefault(stream, false)) {
                line(stream, "F", piece(stream, random));
                open.put(stream, false);
            }
        }
    }

    void writeHalf(Random random) throws IOException {
        payOwed();
        String stream = stream(random);
        Piece piece = piece(stream, random);
        String head = head(stream, "F");
        int token = piece.text.indexOf('>') + 1;
        int cut = token + random.nextInt(piece.text.length() - token + 1);
        append(piece, head, piece.text.substring(0, cut));
        owed = piece.text.substring(cut) + "\n";
        owedPiece = piece;
        open.put(stream, false);
    }

    private void payOwed() throws IOException {
        if (!owed.isEmpty()) {
            LogFile file = active();
            Line line = file.lines.removeLast();
            write(file, owed);
            file.lines.add(new Line(line.piece, line.from, line.bodyFrom, file.size()));
            owed = "";
        }
    }

    /** The rest of a half-done write never comes. */
    private void forgetOwed() {
        if (!owed.isEmpty()) {
            int missing = owed.length() - 1;
            owedPiece.text = owedPiece.text.substring(0, owedPiece.text.length() - missing);
            owed = "";
        }
    }

    private Piece piece(String stream, Random random) throws IOException {
        payOwed();
        int bytes = random.nextInt(30) == 0 ? random.nextInt(9_000) : random.nextInt(60);
        return books.piece(name + "/" + stream, "x".repeat(bytes));
    }

    private static String stream(Random random) {
        return STREAMS.get(random.nextInt(4) == 0 ? 1 : 0);
    }

    private void line(String stream, String tag, Piece piece) throws IOException {
        append(piece, head(stream, tag), piece.text + "\n");
    }

    private String head(String stream, String tag) {
        return clock.get() + " " + stream + " " + tag + " ";
    }

    private void append(Piece piece, String head, String body) throws IOException {
        LogFile file = active();
        long from = file.size();
        write(file, head + body);
        file.lines.add(new Line(piece, from, from + head.length(), file.size()));
    }

    private void write(LogFile file, String text) throws IOException {
        Files.writeString(file.path, text, StandardOpenOption.APPEND);
        Files.setLastModifiedTime(file.path, FileTime.from(clock.get()));
    }

    // --- what is done to the files ---

    void rotate(Random random) throws IOException {
        endHalf(random);
        LogFile file = active();
        file.path = Files.move(file.path, rotatedName());
        begin();
    }

    private Path rotatedName() {
        return folder.resolve("%d.log.20261124-%06d".formatted(restart, rotations++));
    }

    private void endHalf(Random random) throws IOException {
        if (random.nextBoolean()) {
            payOwed();
        } else {
            forgetOwed();
        }
    }

    void compress(Random random) throws IOException {
        List<LogFile> plain =
                files.stream()
                        .filter(file -> file != active())
                        .filter(file -> file.path.toString().contains(".log.2026"))
                        .filter(file -> !file.path.toString().endsWith(".gz"))
                        .toList();
        if (plain.isEmpty()) {
            return;
        }
        LogFile file = plain.get(random.nextInt(plain.size()));
        Path temporary = file.path.resolveSibling(file.path.getFileName() + ".tmp");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(temporary))) {
            Files.copy(file.path, out);
        }
        Path before = file.path;
        file.path = Files.move(temporary, before.resolveSibling(before.getFileName() + ".gz"));
        Files.delete(before);
    }

    /**
     * Nothing is written between copy and truncation: what would be is promised by nobody. Nor is
     * what an earlier copy has when there is another one before the agent has read that far: it
     * takes the youngest that may be it. What the agent finds of a copy late, when its file has
     * lost its name meanwhile, may come behind what was written to the file since.
     */
    void copyTruncate() throws IOException {
        payOwed();
        LogFile file = active();
        files.stream()
                .filter(earlier -> earlier.copied)
                .forEach(earlier -> takeBack(earlier, Promise.NOT_PROMISED));
        Path copy = Files.copy(file.path, rotatedName());
        Path path = file.path;
        file.path = copy;
        file.copied = true;
        for (Line line : file.lines) {
            line.piece.unordered |= !line.piece.arrived;
        }
        truncate(path, 0);
        LogFile same = new LogFile(path);
        same.held = file.held;
        files.add(same);
    }

    void truncate() throws IOException {
        payOwed();
        LogFile file = active();
        takeBack(file, Promise.NOT_PROMISED);
        truncate(file.path, 0);
        file.lines.clear();
    }

    private static void truncate(Path path, long bytes) throws IOException {
        Files.newByteChannel(path, StandardOpenOption.WRITE).truncate(bytes).close();
    }

    void renameOver() throws IOException {
        payOwed();
        LogFile file = active();
        takeBack(file, file.held ? Promise.HELD : Promise.NOT_PROMISED);
        Path fresh = Files.createFile(folder.resolve(restart + ".log.tmp"));
        Files.move(fresh, file.path, StandardCopyOption.REPLACE_EXISTING);
        Path path = file.path;
        files.remove(file);
        files.add(new LogFile(path));
    }

    void deleteOldest() throws IOException {
        if (files.size() > 1) {
            LogFile oldest = files.removeFirst();
            takeBack(oldest, Promise.NOT_PROMISED);
            Files.delete(oldest.path);
        }
    }

    private static void takeBack(LogFile file, Promise promise) {
        for (Line line : file.lines) {
            if (!line.piece.arrived && line.piece.promise == Promise.OWED) {
                line.piece.promise = promise;
            }
        }
    }

    void restart(Random random) throws IOException {
        endHalf(random);
        open.clear();
        restart++;
        begin();
    }

    /** The end of the active file is gone, and whoever wrote it. */
    void lose(Random random) throws IOException {
        forgetOwed();
        LogFile file = active();
        if (!file.lines.isEmpty() && random.nextBoolean()) {
            int kept = random.nextInt(file.lines.size());
            Line cut = file.lines.get(kept);
            for (Line line : file.lines.subList(kept, file.lines.size())) {
                if (!line.piece.arrived) {
                    line.piece.promise = Promise.NOT_PROMISED;
                }
            }
            int token = cut.piece.text.indexOf('>') + 1;
            long least = cut.bodyFrom + token;
            // A file that has not even its first line left is not recognised: what is left of
            // that line may come once more, which nobody promises away.
            boolean inside = random.nextBoolean() && least < cut.to && kept > 0;
            long to = inside ? least + random.nextInt((int) (cut.to - least)) : cut.from;
            truncate(file.path, to);
        }
        open.clear();
        restart++;
        begin();
    }

    void delete(Random random) throws IOException {
        endHalf(random);
        try (Stream<Path> paths = Files.list(links)) {
            for (Path path : paths.toList()) {
                if (path.getFileName().toString().startsWith(linkPrefix)) {
                    Files.delete(path);
                }
            }
        }
        for (LogFile file : files) {
            takeBack(file, file.held && file == active() ? Promise.HELD : Promise.NOT_PROMISED);
            Files.delete(file.path);
        }
        Files.delete(folder);
        Files.delete(folder.getParent());
        deleted = true;
    }

    /** The agent has read all there is: so it holds the active file, if a line of it was there. */
    void isHeld() {
        if (!deleted) {
            active().held = !active().lines.isEmpty();
        }
    }

    void isHeldByNobody() {
        files.forEach(file -> file.held = false);
    }
}
