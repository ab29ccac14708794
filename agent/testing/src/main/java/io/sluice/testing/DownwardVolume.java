package io.sluice.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A downwardAPI volume as the kubelet keeps it (AtomicWriter in its pkg/volume/util): the files lie
 * in a folder with the time in its name, {@code ..data} leads there, and the names that a container
 * reads lead through {@code ..data}. All files change at once, with that one link.
 */
public final class DownwardVolume {
    private static final Path DATA = Path.of("..data");

    private final Path folder;
    private int writes;
    private Optional<Path> written = Optional.empty();

    /** Makes the folder. */
    public DownwardVolume(Path folder) {
        this.folder = folder;
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where a container finds a file. */
    public Path path(String name) {
        return folder.resolve(name);
    }

    /** Labels or annotations, for values in which Go quotes nothing but quotes and backslashes. */
    public static String lines(Map<String, String> pairs) {
        return pairs.entrySet().stream()
                .map(
                        pair ->
                                pair.getKey()
                                        + "=\""
                                        + pair.getValue().replaceAll("[\"\\\\]", "\\\\$0")
                                        + "\"")
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    /**
     * Replaces what the volume holds.
     *
     * @param texts the files by name
     */
    public void write(Map<String, String> texts) {
        writes++;
        Path times = Path.of("..2026_11_26_08_00_00." + writes);
        Path fresh = folder.resolve(DATA + "_tmp");
        try {
            Files.createDirectory(folder.resolve(times));
            for (Map.Entry<String, String> text : texts.entrySet()) {
                Files.writeString(folder.resolve(times).resolve(text.getKey()), text.getValue());
            }
            Files.createSymbolicLink(fresh, times);
            Files.move(fresh, folder.resolve(DATA), StandardCopyOption.ATOMIC_MOVE);
            for (String name : texts.keySet()) {
                if (!Files.isSymbolicLink(path(name))) {
                    Files.createSymbolicLink(path(name), DATA.resolve(name));
                }
            }
            if (written.isPresent()) {
                remove(written.get());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        written = Optional.of(folder.resolve(times));
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
