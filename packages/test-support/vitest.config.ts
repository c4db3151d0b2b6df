import { packageTests } from "../../configs/vitest.ts";

export default packageTests();
