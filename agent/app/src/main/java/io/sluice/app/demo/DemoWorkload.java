package io.sluice.app.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Six pods in three namespaces that log as they would on a node: JSON, plain lines, stack traces,
 * lines that containerd splits, rotated files. Writes only when it is told to, on the caller's
 * thread.
 */
public final class DemoWorkload implements AutoCloseable {
    private final Path root;
    private final List<Running> pods = new ArrayList<>();
    // What happens is the same in every run; when, and in which pods, is not.
    private final Random random = new Random(4711);

    private record Running(DemoPod pod, DemoService service) {}

    /**
     * Starts the pods: their files are there, and empty.
     *
     * @param root a folder of the demo's own, without logs
     * @throws IOException if it cannot be written to
     */
    public DemoWorkload(Path root) throws IOException {
        this.root = root;
        start("shop", "api-5d8f7c6b9d-x2k4q", "api", DemoService.API);
        start("shop", "api-5d8f7c6b9d-9wq7z", "api", DemoService.API);
        start("shop", "web-7b6f4c5d8-lm2np", "nginx", DemoService.NGINX);
        start("payments", "payment-6c9d8b7f5-t8v4r", "payment", DemoService.PAYMENT);
        start("payments", "invoice-84f6d9c7b-h5j2s", "invoice", DemoService.INVOICE);
        start("platform", "ingress-nginx-2xk9d", "controller", DemoService.NGINX);
    }

    private void start(String namespace, String pod, String container, DemoService service)
            throws IOException {
        pods.add(new Running(new DemoPod(root, namespace, pod, container), service));
    }

    /** The folder of links: what {@code containers.path} is set to. */
    public Path links() {
        return root.resolve("containers");
    }

    /** How many pods there are. */
    public int pods() {
        return pods.size();
    }

    /** Lets things happen in random pods until they wrote at least so many lines. */
    public void write(int lines) throws IOException {
        long enough = written() + lines;
        while (written() < enough) {
            Running chosen = pods.get(random.nextInt(pods.size()));
            chosen.service().happen(chosen.pod(), random);
        }
    }

    /** Rotates the file of every pod, as the kubelet does. */
    public void rotate() throws IOException {
        for (Running running : pods) {
            running.pod().rotate();
        }
    }

    /** Lines written since the start: as many documents are to arrive. */
    public long written() {
        long lines = 0;
        for (Running running : pods) {
            lines += running.pod().records();
        }
        return lines;
    }

    @Override
    public void close() throws IOException {
        for (Running running : pods) {
            running.pod().close();
        }
    }
}
