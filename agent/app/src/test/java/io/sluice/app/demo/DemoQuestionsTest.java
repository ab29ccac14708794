package io.sluice.app.demo;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;

class DemoQuestionsTest {
    @Test
    void aServerThatIsNotThereIsNamedWithTheRemedy() throws Exception {
        URI nobody;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = URI.create("http://127.0.0.1:" + free.getLocalPort());
        }
        try (DemoQuestions questions = new DemoQuestions(nobody, "logs-demo-default")) {
            assertThatThrownBy(questions::count)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot be asked at " + nobody + " (ConnectException)")
                    .hasMessageContaining("--hosts");
        }
    }
}
