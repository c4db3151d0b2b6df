// Runs in a worker: calls back by hand, with a message and a word of shared memory to wait for.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";

const { port, answered } = workerData as { port: MessagePort; answered: Int32Array };
port.postMessage("call back, please");
Atomics.wait(answered, 0, 0);
const answer = receiveMessageOnPort(port) as { message: { raised?: string; returned?: number } };
const { raised, returned } = answer.message;
parentPort?.postMessage(raised === undefined ? `returned ${returned}` : `raised ${raised}`);
port.close();
