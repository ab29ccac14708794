package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A disk of its own, ext4 in a file, that hangs or fails when told to. Needs root and a loop
 * device.
 */
final class LoopDisk implements AutoCloseable {
    private final Path image;
    private final Path folder;
    private boolean frozen;
    private boolean mounted;

    private LoopDisk(Path image, Path folder) {
        this.image = image;
        this.folder = folder;
    }

    /** Whether this machine lets us. For {@code @EnabledIf}. */
    static boolean canBeMade() {
        return "root".equals(System.getProperty("user.name"))
                && Files.exists(Path.of("/dev/loop-control"));
    }

    /**
     * Makes and mounts it.
     *
     * @param folder where it is to be seen; exists
     */
    static LoopDisk make(Path image, Path folder, int mebibytes) throws IOException {
        try (var file = new java.io.RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mebibytes << 20);
        }
        run("mkfs.ext4", "-q", "-m", "0", image.toString());
        LoopDisk disk = new LoopDisk(image, folder);
        disk.mount();
        return disk;
    }

    /** A disk of memory: no image, and nothing it could be told. */
    static LoopDisk memory(Path folder, int mebibytes) {
        run("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", folder.toString());
        LoopDisk disk = new LoopDisk(folder, folder);
        disk.mounted = true;
        return disk;
    }

    /**
     * Lays a read-only view of a folder over it: whoever opens something by its path from now on
     * may only read, until it is closed; what is open stays as it is.
     */
    static LoopDisk readOnly(Path folder) {
        run("mount", "--bind", folder.toString(), folder.toString());
        run("mount", "-o", "remount,bind,ro", folder.toString());
        LoopDisk disk = new LoopDisk(folder, folder);
        disk.mounted = true;
        return disk;
    }

    private void mount() {
        run("mount", "-o", "loop,errors=remount-ro", image.toString(), folder.toString());
        mounted = true;
    }

    /** From now on every write to it hangs, uninterruptibly; reads of what is in memory go on. */
    void freeze() {
        run("fsfreeze", "--freeze", folder.toString());
        frozen = true;
    }

    /** What hung goes on. */
    void thaw() {
        run("fsfreeze", "--unfreeze", folder.toString());
        frozen = false;
    }

    /** The kernel finds an error and makes it read-only, for everybody who has a file open, too. */
    void fail() throws IOException {
        String device = run("findmnt", "--noheadings", "--output", "SOURCE", folder.toString());
        Path name = Path.of(device.strip()).getFileName();
        Files.writeString(Path.of("/sys/fs/ext4/" + name + "/trigger_fs_error"), "1");
    }

    /** As somebody does who has found it read-only: unmount, check, mount. Nobody may use it. */
    void repair() {
        unmount();
        // 1: errors were corrected.
        run("sh", "-c", "fsck.ext4 -fy " + image + " || [ $? -eq 1 ]");
        mount();
    }

    private void unmount() {
        run("umount", folder.toString());
        mounted = false;
    }

    @Override
    public void close() {
        if (frozen) {
            thaw();
        }
        if (mounted) {
            run("umount", "--lazy", folder.toString());
        }
    }

    private static String run(String... command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as("%s: %s", String.join(" ", command), output)
                    .isZero();
            return output;
        } catch (IOException e) {
            throw new AssertionError("cannot run " + command[0], e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
