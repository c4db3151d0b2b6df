import { packageBuild } from "../../configs/tsup.ts";

export default packageBuild();
