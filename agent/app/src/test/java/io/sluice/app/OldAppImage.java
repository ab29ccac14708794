package io.sluice.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What applications that cannot write to stdout are made of in {@code charts/sluice/examples}:
 * busybox, whose {@code logger} calls {@code syslog(3)}, and this machine's {@code socat} with its
 * libraries.
 */
final class OldAppImage {
    private static final Path SOCAT = Path.of("/usr/bin/socat");

    /** A line of ldd: {@code libssl.so.3 => /lib/x86_64-linux-gnu/libssl.so.3 (0x...)}. */
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");

    private OldAppImage() {}

    /** Why it cannot be made here; empty if it can. */
    static Optional<String> missing() {
        return Files.isExecutable(SOCAT)
                ? WriterImage.missing()
                : Optional.of(
                        SOCAT + " is not there (apt-get install --no-install-recommends socat)");
    }

    /**
     * Builds the image from a folder of its own below {@code folder}.
     *
     * @return its name
     */
    static String build(Podman podman, Path folder) throws IOException {
        Path context = Files.createDirectory(folder.resolve("old-app"));
        Path root = WriterImage.layOut(Files.createDirectory(context.resolve("root")));
        copy(SOCAT, root.resolve("bin/socat"));
        Matcher library =
                LIBRARY.matcher(
                        Podman.run(List.of("ldd", SOCAT.toString()), Map.of(), folder).output());
        while (library.find()) {
            copy(Path.of(library.group(1)), root.resolve(library.group(1).substring(1)));
        }
        Files.writeString(context.resolve("Dockerfile"), "FROM scratch\nCOPY root/ /\n");
        String name = "localhost/sluice-old-app:" + Long.toHexString(System.nanoTime());
        podman.runOk("build", "--quiet", "--isolation=chroot", "--tag=" + name, context.toString());
        return name;
    }

    private static void copy(Path file, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Files.copy(file, to);
    }
}
