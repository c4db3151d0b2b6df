import { doors, packageBuild } from "../../configs/tsup.ts";

export default packageBuild({
  entry: [...doors(), "src/debug.ts"], // loaded on its own, and only when the environment asks for debug mode
});
