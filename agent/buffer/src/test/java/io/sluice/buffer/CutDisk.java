package io.sluice.buffer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What of a directory tree is on the disk for sure, and what may be: a model of the page cache, by
 * POSIX and no kinder.
 *
 * <p>A file's bytes are sure once it was forced; of each page that was written since, any version
 * may be on the disk, and its length may be any it had since. A name is sure once its directory was
 * forced; a name made, moved or removed since then may or may not be there.
 *
 * <p>{@link #observe} after each step tells the model what there is; {@link #forced} is called
 * while something is forced ({@link Disk#onForced}). One thread.
 */
final class CutDisk {
    static final int PAGE_BYTES = 4096;
    private static final int SECTOR_BYTES = 512;

    private final Path root;

    /** By device, inode and time of birth. */
    private final Map<Object, Inode> inodes = new HashMap<>();

    /** Names now, and names that are on the disk; directories by their path from the root. */
    private final Map<Path, Map<String, Object>> names = new TreeMap<>();

    private final Map<Path, Map<String, Object>> sureNames = new TreeMap<>();

    /** A file's contents. */
    private static final class Inode {
        byte[] sure = new byte[0];
        byte[] now = new byte[0];

        /** Pages written since, by number: their versions but for the sure one. */
        final Map<Integer, List<byte[]>> versions = new TreeMap<>();

        final List<Integer> lengths = new ArrayList<>();
        boolean everForced;

        Inode() {}

        Inode(Inode of) {
            sure = of.sure;
            now = of.now;
            of.versions.forEach((page, all) -> versions.put(page, new ArrayList<>(all)));
            lengths.addAll(of.lengths);
            everForced = of.everForced;
        }

        void write(byte[] content) {
            int pages = (Math.max(content.length, now.length) + PAGE_BYTES - 1) / PAGE_BYTES;
            int first = Arrays.mismatch(content, now);
            for (int page = first < 0 ? pages : first / PAGE_BYTES; page < pages; page++) {
                byte[] fresh = page(content, page);
                if (!Arrays.equals(fresh, page(now, page))) {
                    versions.computeIfAbsent(page, _ -> new ArrayList<>()).add(fresh);
                }
            }
            if (content.length != now.length) {
                lengths.add(content.length);
            }
            now = content;
        }

        void force() {
            sure = now;
            versions.clear();
            lengths.clear();
            everForced = true;
        }
    }

    /** How a cut treats pages that are not sure. */
    private enum Loss {
        /** Nothing written since the last force is there. */
        ALL,
        /** Each page by chance. */
        ANY,
        /** All is there but a few pages. */
        FEW,
        /** All is there up to some page, nothing behind it. */
        TAIL,
        /** All is there: a kill, not a cut. */
        NONE
    }

    /** Watches everything below {@code root}; what is there now is sure. */
    CutDisk(Path root) {
        this.root = root;
        observe();
        inodes.values().forEach(Inode::force);
        names.forEach((directory, entries) -> sureNames.put(directory, new HashMap<>(entries)));
    }

    /** Looks at every file. */
    void observe() {
        names.clear();
        Set<Object> seen = new HashSet<>();
        observe(root, seen);
        for (Map<String, Object> entries : sureNames.values()) {
            seen.addAll(entries.values());
        }
        inodes.keySet().retainAll(seen);
    }

    private void observe(Path directory, Set<Object> seen) {
        Map<String, Object> entries = new TreeMap<>();
        names.put(root.relativize(directory), entries);
        try (Stream<Path> paths = Files.list(directory)) {
            for (Path path : paths.toList()) {
                if (Files.isDirectory(path)) {
                    observe(path, seen);
                    continue;
                }
                Object key = key(path);
                seen.add(key);
                entries.put(path.getFileName().toString(), key);
                Inode inode = inodes.computeIfAbsent(key, _ -> new Inode());
                byte[] content = Files.readAllBytes(path);
                inode.write(content);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Object key(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        return List.of(attributes.fileKey(), attributes.creationTime());
    }

    /** This file or directory, as it is now, is on the disk. */
    void forced(Path path) {
        if (!path.startsWith(root)) {
            return;
        }
        try {
            if (Files.isDirectory(path)) {
                observe();
                Path directory = root.relativize(path);
                sureNames.put(directory, new HashMap<>(names.get(directory)));
            } else {
                Inode inode = inodes.computeIfAbsent(key(path), _ -> new Inode());
                inode.write(Files.readAllBytes(path));
                inode.force();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Files with their sure bytes and sure names: what must be found after any cut. */
    Map<Path, byte[]> sure() {
        Map<Path, byte[]> files = new TreeMap<>();
        sureNames.forEach(
                (directory, entries) ->
                        entries.forEach(
                                (name, key) -> {
                                    Inode inode = inodes.get(key);
                                    boolean still =
                                            key.equals(
                                                    names.getOrDefault(directory, Map.of())
                                                            .get(name));
                                    if (still && inode.everForced) {
                                        files.put(directory.resolve(name), inode.sure);
                                    }
                                }));
        return files;
    }

    /**
     * Writes what may be on the disk after a power cut at this moment.
     *
     * @param to an empty directory
     * @return what was lost, for a person
     */
    String cut(Path to, Random random) throws IOException {
        Loss pages = Loss.values()[random.nextInt(Loss.values().length)];
        boolean namesAreThere = pages == Loss.NONE || random.nextBoolean();
        StringBuilder story = new StringBuilder("pages lost: " + pages);
        for (Path directory : names.keySet()) {
            Files.createDirectories(to.resolve(directory));
        }
        Map<Object, Set<Path>> paths = paths(names);
        Map<Object, Set<Path>> surePaths = paths(sureNames);
        Set<Object> keys = new HashSet<>(surePaths.keySet());
        keys.addAll(paths.keySet());
        Map<Path, Object> left = new TreeMap<>();
        for (Object key : keys.stream().sorted(Comparator.comparing(Object::toString)).toList()) {
            // A rename is atomic: old name or new. What was made or removed is there, or not.
            Set<Path> now = paths.getOrDefault(key, Set.of());
            Set<Path> sure = surePaths.getOrDefault(key, Set.of());
            Set<Path> chosen = namesAreThere || random.nextBoolean() ? now : sure;
            chosen.forEach(path -> left.put(path, key));
            if (!chosen.equals(now)) {
                story.append(", ").append(now).append(" is ").append(chosen);
            }
        }
        for (Map.Entry<Path, Object> file : left.entrySet()) {
            Path path = to.resolve(file.getKey());
            Files.write(path, content(inodes.get(file.getValue()), pages, random, story));
        }
        return story.toString();
    }

    private static Map<Object, Set<Path>> paths(Map<Path, Map<String, Object>> names) {
        Map<Object, Set<Path>> paths = new HashMap<>();
        names.forEach(
                (directory, entries) ->
                        entries.forEach(
                                (name, key) ->
                                        paths.computeIfAbsent(key, _ -> new HashSet<>())
                                                .add(directory.resolve(name))));
        return paths;
    }

    private static byte[] content(Inode inode, Loss pages, Random random, StringBuilder story) {
        if (pages == Loss.NONE) {
            return inode.now;
        }
        List<Integer> lengths = new ArrayList<>(inode.lengths);
        lengths.add(inode.sure.length);
        lengths.add(inode.now.length);
        int length =
                switch (pages) {
                    case ALL -> inode.sure.length;
                    case FEW -> inode.now.length;
                    default -> lengths.get(random.nextInt(lengths.size()));
                };
        byte[] content = Arrays.copyOf(inode.sure, length);
        List<Integer> dirty = List.copyOf(inode.versions.keySet());
        int tail = dirty.isEmpty() ? 0 : random.nextInt(dirty.size() + 1);
        int few = 1 + random.nextInt(3);
        int lost = 0;
        for (int i = 0; i < dirty.size(); i++) {
            boolean keep =
                    switch (pages) {
                        case ALL -> false;
                        case ANY -> random.nextBoolean();
                        case FEW -> random.nextInt(dirty.size()) >= few;
                        case TAIL -> i < tail;
                        case NONE -> true;
                    };
            List<byte[]> versions = inode.versions.get(dirty.get(i));
            boolean torn = random.nextInt(50) == 0;
            if (!keep && !torn) {
                lost++;
                continue;
            }
            byte[] page =
                    pages == Loss.ANY
                            ? versions.get(random.nextInt(versions.size()))
                            : versions.getLast();
            int bytes = torn ? SECTOR_BYTES * random.nextInt(8) : PAGE_BYTES;
            int at = dirty.get(i) * PAGE_BYTES;
            System.arraycopy(page, 0, content, Math.min(at, length), clip(bytes, at, length));
        }
        if (lost > 0) {
            story.append(", ").append(lost).append(" of ").append(dirty.size()).append(" lost");
        }
        return content;
    }

    private static int clip(int bytes, int at, int length) {
        return Math.max(0, Math.min(bytes, length - at));
    }

    /** Behind the end of a file there is nothing but zeros. */
    private static byte[] page(byte[] content, int page) {
        int from = Math.min(content.length, page * PAGE_BYTES);
        int to = Math.min(content.length, from + PAGE_BYTES);
        return Arrays.copyOf(Arrays.copyOfRange(content, from, to), PAGE_BYTES);
    }

    /**
     * The same disk under a copy of its files: as a process finds it that follows a killed one.
     *
     * @param to an empty directory
     */
    CutDisk moveTo(Path to) throws IOException {
        observe();
        for (Path directory : names.keySet()) {
            Files.createDirectories(to.resolve(directory));
        }
        for (Map.Entry<Object, Set<Path>> file : paths(names).entrySet()) {
            for (Path path : file.getValue()) {
                Files.write(to.resolve(path), inodes.get(file.getKey()).now);
            }
        }
        return new CutDisk(to, this);
    }

    private CutDisk(Path to, CutDisk before) {
        this.root = to;
        observe();
        Map<Object, Object> moved = new HashMap<>();
        names.forEach(
                (directory, entries) ->
                        entries.forEach(
                                (name, key) -> {
                                    Object old = before.names.get(directory).get(name);
                                    moved.put(old, key);
                                    inodes.put(key, new Inode(before.inodes.get(old)));
                                }));
        before.sureNames.forEach(
                (directory, entries) -> {
                    Map<String, Object> sure = new HashMap<>();
                    entries.forEach(
                            (name, old) -> {
                                Object key = moved.getOrDefault(old, old);
                                sure.put(name, key);
                                inodes.computeIfAbsent(key, _ -> new Inode(before.inodes.get(old)));
                            });
                    sureNames.put(directory, sure);
                });
    }
}
