package io.sluice.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/**
 * A container that logs: a root file system of busybox and a few lines of shell.
 *
 * <p>{@code write BURSTS LINES} writes lines numbered from 1, as many in each burst: JSON, plain,
 * to both streams, now and then one that every runtime splits and whose newline comes late. Burst
 * <i>n</i> waits for the file {@code /go/n}; when it is written, the file {@code /go/<name>.n} says
 * so, where {@code name} is the environment's {@code NAME}, or else the host name; with {@code
 * STAY} it stays behind the last burst. So a test can tell how many rotations lie between two looks
 * of the agent, however busy the machine is.
 *
 * <p>{@code crash BURSTS LINES} writes one burst in each of its lives, the last line without
 * newline, and fails; the last life ends its line and stays.
 */
final class WriterImage {
    private static final Path BUSYBOX = Path.of("/bin/busybox");

    private static final String BURST =
            """
            name=${NAME:-$HOSTNAME}
            long=0123456789; long=$long$long$long$long$long$long$long$long; long=$long$long$long$long$long$long$long$long
            long=$long$long$long$long$long$long$long$long; long=$long$long$long$long$long$long$long$long
            burst() {
                until [ -e /go/$1 ]; do sleep 0.1; done
                until [ $i -ge $(($1 * lines)) ]; do
                    i=$((i + 1))
                    case $i in
                        *00) printf "a line that is split seq=$i $long"; sleep 0.02; echo ;;
                        *5) echo "WARN payment refused seq=$i" >&2 ;;
                        *7) echo "\tat shop.web.OrderResource.place(OrderResource.java:51) seq=$i" >&2 ;;
                        *[02468]) echo "{\\"level\\":\\"info\\",\\"msg\\":\\"order placed\\",\\"seq\\":$i,\\"user\\":\\"u-$((i % 97))\\",\\"path\\":\\"/api/orders/checkout\\"}" ;;
                        *) echo "INFO [worker-$((i % 16))] request served in $((i % 200)) ms seq=$i" ;;
                    esac
                    [ $((i % 50)) -ne 0 ] || sleep 0.05
                done
                echo $i >/go/$name.$1
            }
            """;

    private static final String WRITE =
            """
            #!/bin/sh
            i=0; lines=$2
            """
                    + BURST
                    + """
                    b=0; while [ $b -lt $1 ]; do b=$((b + 1)); burst $b; done
                    [ -z "$STAY" ] || sleep 86400
                    """;

    private static final String CRASH =
            """
            #!/bin/sh
            name=${NAME:-$HOSTNAME}
            b=1; while [ -e /go/$name.$b ]; do b=$((b + 1)); done
            until [ -e /go/$b ]; do sleep 0.1; done
            i=$(((b - 1) * $2))
            while [ $i -lt $((b * $2 - 1)) ]; do i=$((i + 1)); echo "life $b seq=$i"; done
            printf "dying without a newline seq=$((i + 1))"
            [ $b -lt $1 ] || echo " but not this time"
            echo $((i + 1)) >/go/$name.$b
            [ $b -lt $1 ] || sleep 86400
            exit 1
            """;

    private WriterImage() {}

    /** Why it cannot be made here; empty if it can. */
    static Optional<String> missing() {
        return Files.isExecutable(BUSYBOX)
                ? Optional.empty()
                : Optional.of(
                        BUSYBOX
                                + " is not there (apt-get install --no-install-recommends"
                                + " busybox-static)");
    }

    /** Lays out the root file system in an empty folder. */
    static Path layOut(Path root) throws IOException {
        Path bin = Files.createDirectories(root.resolve("bin"));
        Files.copy(BUSYBOX, bin.resolve("busybox"));
        for (String name : List.of("sh", "sleep", "ln", "logger")) {
            Files.createSymbolicLink(bin.resolve(name), Path.of("busybox"));
        }
        for (String folder : List.of("dev", "etc", "go", "proc", "sys", "tmp")) {
            Files.createDirectory(root.resolve(folder));
        }
        script(bin.resolve("write"), WRITE);
        script(bin.resolve("crash"), CRASH);
        return root;
    }

    /**
     * Builds the image from a folder of its own below {@code folder}.
     *
     * @return its name
     */
    static String build(Podman podman, Path folder) throws IOException {
        Path context = Files.createDirectory(folder.resolve("writer"));
        layOut(Files.createDirectory(context.resolve("root")));
        Files.writeString(context.resolve("Dockerfile"), "FROM scratch\nCOPY root/ /\n");
        String name = "localhost/sluice-writer:" + Long.toHexString(System.nanoTime());
        podman.runOk("build", "--quiet", "--isolation=chroot", "--tag=" + name, context.toString());
        return name;
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
